"""The logit lens, the parts of a logit and the terms of a score, by automatic differentiation through Transformers' models.

Every norm is replaced by one whose statistics are detached, and the masked-language head's activation by its detached gate:
the model is then linear in what is written into its stream, and autograd gives each writer's share without any formula of
ours: part = <∂logit/∂(where it was written), what was written>, term = writerᵀ (∂²score/∂query∂key) writer.
"""

import json

import torch
from transformers import BertForMaskedLM, GPT2LMHeadModel, LlamaForCausalLM

from golden.hooks import hook

CASES = {
    "patch_gpt2": (GPT2LMHeadModel, [3, 1, 4, 1, 5]),
    "patch_llama": (LlamaForCausalLM, [2, 7, 1, 8]),
    "patch_bert": (BertForMaskedLM, [1, 6, 1, 8, 0]),
}


class FrozenNorm(torch.nn.Module):
    """The module's norm with mean and variance as constants of the pass; the mean stays linear."""

    def __init__(self, norm):
        super().__init__()
        self.norm = norm
        self.is_layer_norm = isinstance(norm, torch.nn.LayerNorm)
        self.eps = norm.eps if self.is_layer_norm else norm.variance_epsilon

    def forward(self, x):
        centred = x - x.mean(-1, keepdim=True) if self.is_layer_norm else x
        scale = (centred.pow(2).mean(-1, keepdim=True) + self.eps).sqrt().detach()
        y = centred / scale * self.norm.weight
        return y + self.norm.bias if self.is_layer_norm else y


class FrozenGate(torch.nn.Module):
    """f(u) as u times the constant f(u) / u."""

    def __init__(self, activation):
        super().__init__()
        self.activation = activation

    def forward(self, u):
        return u * (self.activation(u) / u).detach()


def freeze(model):
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, torch.nn.LayerNorm) or type(child).__name__ == "LlamaRMSNorm":
                setattr(module, name, FrozenNorm(child))
    if isinstance(model, BertForMaskedLM):
        transform = model.cls.predictions.transform
        transform.transform_act_fn = FrozenGate(transform.transform_act_fn)


def layers(model):
    base = model.base_model
    return base.h if hasattr(base, "h") else getattr(base, "layers", None) or base.encoder.layer


def output_projection(model, layer):
    """W_O [D, H·K] of a layer."""
    block = layers(model)[layer]
    if hasattr(block, "attn"):
        return block.attn.c_proj.weight.T
    return (
        block.self_attn.o_proj if hasattr(block, "self_attn") else block.attention.output.dense
    ).weight


def run(model, ids, replaced=None):
    """Logits [T, V] and every activation by name; `replaced` maps a name to what is put in its place."""
    seen = {}

    def produced(name, x):
        if replaced and name in replaced:
            x = replaced[name](x)
        seen[name] = x
        return x

    remove = hook(model, 1, produced)
    logits = model(torch.tensor([ids])).logits[0]
    remove()
    return logits, seen


def head_writes(model, seen, layer):
    """What every head adds at every position: [H, T, D]."""
    z = seen[f"blocks.{layer}.attn.z"][0]
    heads, _, width = z.shape
    weight = output_projection(model, layer).reshape(-1, heads, width)
    return torch.einsum("htk,dhk->htd", z, weight)


def parts(model, ids, position, token):
    """{writer: its share of logits[position, token]} for embeddings, heads and MLPs."""
    names = ["embed", "pos_embed", "token_type_embed"]
    names += [
        f"blocks.{l}.{part}.out" for l in range(len(layers(model))) for part in ("attn", "mlp")
    ]
    zeros = {}

    def added(name):
        def add(x):
            zeros[name] = torch.zeros_like(x, requires_grad=True)
            return (
                x.detach() + zeros[name]
            )  # the direct path: what later layers made of it is theirs

        return add

    logits, seen = run(model, ids, {name: added(name) for name in names})
    present = [name for name in names if name in zeros]
    gradients = torch.autograd.grad(logits[position, token], [zeros[name] for name in present])
    # An embedding may come without its batch.
    toward = {
        name: gradient.reshape(-1, gradient.shape[-1])[
            position if gradient.numel() > gradient.shape[-1] else 0
        ]
        for name, gradient in zip(present, gradients, strict=True)
    }
    shares = {}
    for name in present:
        if name.endswith("attn.out"):
            layer = int(name.split(".")[1])
            for head, written in enumerate(head_writes(model, seen, layer)):
                shares[f"blocks.{layer}.attn.head.{head}"] = written[position] @ toward[name]
        else:
            value = seen[name].reshape(-1, seen[name].shape[-1])
            row = value[position] if len(value) > 1 else value[0]
            shares[name.removesuffix(".out")] = row @ toward[name]
    return {name: share.item() for name, share in shares.items()}


def terms(model, ids, layer, head, query, key):
    """{writer at the query: {writer at the key: term}} of a pre-norm model's score; query ≠ key."""
    leaf = {}

    def enter(x):
        leaf["x"] = x.detach().clone().requires_grad_()
        return leaf["x"]

    _, seen = run(model, ids, {f"blocks.{layer}.resid_pre": enter})
    score = seen[f"blocks.{layer}.attn.scores"][0, head, query, key]
    (first,) = torch.autograd.grad(score, leaf["x"], create_graph=True)
    toward_query = first.reshape(-1, first.shape[-1])[query]

    def writers(position):
        found = {
            name: seen[name].reshape(-1, seen[name].shape[-1])[position]
            for name in ("embed", "pos_embed")
            if name in seen
        }
        for l in range(layer):
            for h, written in enumerate(head_writes(model, seen, l)):
                found[f"blocks.{l}.attn.head.{h}"] = written[position]
            found[f"blocks.{l}.mlp"] = seen[f"blocks.{l}.mlp.out"][0, position]
        return {name: vector.detach() for name, vector in found.items()}

    result = {}
    for name, vector in writers(query).items():
        (second,) = torch.autograd.grad(toward_query @ vector, leaf["x"], retain_graph=True)
        toward_key = second.reshape(-1, second.shape[-1])[key]
        result[name] = {
            other: (toward_key @ written).item() for other, written in writers(key).items()
        }
    return {"score": score.item(), "terms": result}


def lens(model, ids):
    """Distributions [T, V] of the stream that enters each block, through final norm and head."""
    _, seen = run(model, ids)
    count = len(layers(model))
    streams = [seen[f"blocks.{l}.resid_pre"] for l in range(count)]
    streams.append(seen[f"blocks.{count - 1}.resid_post"])
    if isinstance(model, BertForMaskedLM):
        return [model.cls(x)[0].softmax(-1).tolist() for x in streams]
    base = model.base_model
    norm = base.ln_f if hasattr(base, "ln_f") else base.norm
    return [model.lm_head(norm(x))[0].softmax(-1).tolist() for x in streams]


def case(out, name, kind, ids):
    folder = out / "checkpoints" / name
    model = kind.from_pretrained(folder, attn_implementation="eager").double().eval()
    result = {"checkpoint": name, "inputIds": ids, "lens": lens(model, ids)}
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0]
    freeze(model)
    position, token = len(ids) - 2, 2
    result["attribution"] = {
        "position": position,
        "token": token,
        "logit": logits[position, token].item(),
        "parts": parts(model, ids, position, token),
    }
    if kind is not BertForMaskedLM:
        question = {"layer": 1, "head": 1, "query": 3, "key": 1}
        result["score"] = question | terms(model, ids, **question)
    return result


class Analyses:
    def __init__(self, cases):
        self.cases = cases

    def save(self, out, made):
        text = json.dumps({"about": __doc__.strip(), "made": made, "cases": self.cases}, indent=1)
        (out / "analyses.json").write_text(text + "\n")

    def summary(self):
        return f"{len(self.cases)} checkpoints"


def make(out):
    return Analyses([case(out, name, kind, ids) for name, (kind, ids) in CASES.items()])
