"""Every activation of a BertForMaskedLM, GPT2LMHeadModel or LlamaForCausalLM under this project's names, by forward hooks.

What is inside attention (q, k, v, scores, masked_scores, pattern, z) has no module of its own: there the hook is an attention
function that computes what transformers' eager one does.
"""

import torch
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, eager_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

# Where a module's tensor is hooked: what it gives; what it takes; what it takes, in the memory that the residual shares.
OUTPUT, INPUT, SHARED_INPUT = "output", "input", "shared input"


def bert_modules(model):
    """{our name: (module, where)}"""
    embeddings, head = model.bert.embeddings, getattr(model, "cls", None)
    table = {"embed": (embeddings.word_embeddings, OUTPUT), "pos_embed": (embeddings.position_embeddings, OUTPUT),
             "token_type_embed": (embeddings.token_type_embeddings, OUTPUT), "logits": (head, OUTPUT)}
    for l, layer in enumerate(model.bert.encoder.layer):
        table |= {f"blocks.{l}.{name}": place for name, place in {
            "resid_pre": (layer, INPUT), "attn.out": (layer.attention.output.dense, OUTPUT),
            "resid_mid": (layer.attention.output, OUTPUT), "mlp.pre": (layer.intermediate.dense, OUTPUT),
            "mlp.post": (layer.intermediate, OUTPUT), "mlp.out": (layer.output.dense, OUTPUT),
            "resid_post": (layer.output, OUTPUT)}.items()}
    return table


def gpt2_modules(model):
    body = model.transformer
    table = {"embed": (body.wte, OUTPUT), "pos_embed": (body.wpe, OUTPUT), "final_norm": (body.ln_f, OUTPUT),
             "logits": (model.lm_head, OUTPUT)}
    for l, block in enumerate(body.h):
        table |= {f"blocks.{l}.{name}": place for name, place in {
            "resid_pre": (block, INPUT), "attn.out": (block.attn.c_proj, OUTPUT), "resid_mid": (block.ln_2, SHARED_INPUT),
            "mlp.pre": (block.mlp.c_fc, OUTPUT), "mlp.post": (block.mlp.act, OUTPUT), "mlp.out": (block.mlp.c_proj, OUTPUT),
            "resid_post": (block, OUTPUT)}.items()}
    return table


def llama_modules(model):
    body = model.model
    table = {"embed": (body.embed_tokens, OUTPUT), "final_norm": (body.norm, OUTPUT), "logits": (model.lm_head, OUTPUT)}
    for l, block in enumerate(body.layers):
        table |= {f"blocks.{l}.{name}": place for name, place in {
            "resid_pre": (block, INPUT), "attn.out": (block.self_attn.o_proj, OUTPUT),
            "resid_mid": (block.post_attention_layernorm, SHARED_INPUT), "mlp.pre": (block.mlp.gate_proj, OUTPUT),
            "mlp.pre_linear": (block.mlp.up_proj, OUTPUT), "mlp.post": (block.mlp.down_proj, INPUT),
            "mlp.out": (block.mlp.down_proj, OUTPUT), "resid_post": (block, OUTPUT)}.items()}
    return table


MODULES = {"bert": bert_modules, "gpt2": gpt2_modules, "llama": llama_modules}


def repeated(x, heads):
    """[B, G, S, K] → [B, H, S, K]: heads h of one group share its keys and values."""
    return x.repeat_interleave(heads // x.shape[1], dim=1)


def hook_attention(model, produced):
    def attention(module, q, k, v, attention_mask, scaling=None, dropout=0.0, **_):
        prefix = f"blocks.{module.layer_idx}.attn."
        q, k, v = (produced(prefix + name, x) for name, x in (("q", q), ("k", k), ("v", v)))
        scaling = q.shape[-1] ** -0.5 if scaling is None else scaling
        scores = produced(f"{prefix}scores", q @ repeated(k, q.shape[1]).transpose(2, 3) * scaling)
        # transformers masks with the smallest float, this project with −∞: the same pattern.
        masked = scores if attention_mask is None else scores.masked_fill(attention_mask < 0, -torch.inf)
        masked = produced(f"{prefix}masked_scores", masked)
        pattern = produced(f"{prefix}pattern", masked.softmax(dim=-1))
        z = produced(f"{prefix}z", pattern @ repeated(v, q.shape[1]))
        return z.transpose(1, 2).contiguous(), pattern

    ALL_ATTENTION_FUNCTIONS.register("hooked", attention)
    ALL_MASK_ATTENTION_FUNCTIONS.register("hooked", eager_mask)
    model.config._attn_implementation = "hooked"


def hook(model, batch, produced):
    """Passes each activation of the next forward passes, B = batch, through produced(name, x) → x, which may not write to x.

    Returns a function that takes the hooks off again.
    """
    handles = []
    before = model.config._attn_implementation

    def whole(x):
        return x.expand(batch, *x.shape[1:])  # position embeddings come as [1, T, D]

    def register(name, module, where):
        def output(_, __, x):
            return produced(name, whole(x))

        def taken(_, arguments):
            return (produced(name, arguments[0]), *arguments[1:])

        def shared(_, arguments):
            arguments[0].copy_(produced(name, arguments[0]))

        if where == OUTPUT:
            handles.append(module.register_forward_hook(output))
        else:
            handles.append(module.register_forward_pre_hook(taken if where == INPUT else shared))

    for name, (module, where) in MODULES[model.config.model_type](model).items():
        if module is not None:
            register(name, module, where)
    hook_attention(model, produced)

    def remove():
        model.config._attn_implementation = before
        for handle in handles:
            handle.remove()

    return remove
