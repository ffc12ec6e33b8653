"""Every activation of Transformers' models under this project's names, by forward hooks.

What is inside attention (q, k, v, scores, masked_scores, pattern, z) has no module of its own: there the hook is an attention
function that computes what transformers' eager one does. Longformer's attention calls none: of it q, k, v and z are hooked, where
its layers give and take them.
"""

import torch
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, eager_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

# Where a module's tensor is hooked: what it gives; what it takes; what it takes, in the memory that the residual shares.
OUTPUT, INPUT, SHARED_INPUT = "output", "input", "shared input"
# An attention's module: everything inside it, by the attention function. The logits of a model's whole result.
INSIDE, LOGITS = "inside", "logits"
# [T, B, D] or [B, T, D] that is [B, H, T, K]: what a projection of Longformer gives, and what its output projection takes.
HEADS_OUTPUT, HEADS_INPUT = "heads output", "heads input"

INSIDE_ATTENTION = ["q", "k", "v", "scores", "masked_scores", "pattern", "z"]


def of_layer(prefix, table):
    return {f"{prefix}.{name}": place for name, place in table.items()}


def bert_modules(model, attention=lambda layer: {"attn": (layer.attention.self, INSIDE)}):
    """{our name: (module, where)}: BERT's, and those of its descendants."""
    embeddings, head = (
        model.base_model.embeddings,
        getattr(model, "cls", getattr(model, "lm_head", None)),
    )
    table = {
        "embed": (embeddings.word_embeddings, OUTPUT),
        "pos_embed": (embeddings.position_embeddings, OUTPUT),
        "token_type_embed": (embeddings.token_type_embeddings, OUTPUT),
        "logits": (head, OUTPUT),
    }
    for l, layer in enumerate(model.base_model.encoder.layer):
        table |= of_layer(
            f"blocks.{l}",
            attention(layer)
            | {
                "resid_pre": (layer, INPUT),
                "attn.out": (layer.attention.output.dense, OUTPUT),
                "resid_mid": (layer.attention.output, OUTPUT),
                "mlp.pre": (layer.intermediate.dense, OUTPUT),
                "mlp.post": (layer.intermediate, OUTPUT),
                "mlp.out": (layer.output.dense, OUTPUT),
                "resid_post": (layer.output, OUTPUT),
            },
        )
    return table


def gpt2_modules(model):
    body = model.transformer
    table = {
        "embed": (body.wte, OUTPUT),
        "pos_embed": (body.wpe, OUTPUT),
        "final_norm": (body.ln_f, OUTPUT),
        "logits": (model.lm_head, OUTPUT),
    }
    for l, block in enumerate(body.h):
        table |= of_layer(
            f"blocks.{l}",
            {
                "attn": (block.attn, INSIDE),
                "resid_pre": (block, INPUT),
                "attn.out": (block.attn.c_proj, OUTPUT),
                "resid_mid": (block.ln_2, SHARED_INPUT),
                "mlp.pre": (block.mlp.c_fc, OUTPUT),
                "mlp.post": (block.mlp.act, OUTPUT),
                "mlp.out": (block.mlp.c_proj, OUTPUT),
                "resid_post": (block, OUTPUT),
            },
        )
    return table


def llama_modules(model):
    body = model.model
    table = {
        "embed": (body.embed_tokens, OUTPUT),
        "final_norm": (body.norm, OUTPUT),
        "logits": (model.lm_head, OUTPUT),
    }
    for l, block in enumerate(body.layers):
        table |= of_layer(
            f"blocks.{l}",
            {
                "attn": (block.self_attn, INSIDE),
                "resid_pre": (block, INPUT),
                "attn.out": (block.self_attn.o_proj, OUTPUT),
                "resid_mid": (block.post_attention_layernorm, SHARED_INPUT),
                "mlp.pre": (block.mlp.gate_proj, OUTPUT),
                "mlp.pre_linear": (block.mlp.up_proj, OUTPUT),
                "mlp.post": (block.mlp.down_proj, INPUT),
                "mlp.out": (block.mlp.down_proj, OUTPUT),
                "resid_post": (block, OUTPUT),
            },
        )
    return table


def distilbert_modules(model):
    embeddings = model.distilbert.embeddings
    table = {
        "embed": (embeddings.word_embeddings, OUTPUT),
        "pos_embed": (embeddings.position_embeddings, OUTPUT),
        "logits": (model.vocab_projector, OUTPUT),
    }
    for l, layer in enumerate(model.distilbert.transformer.layer):
        table |= of_layer(
            f"blocks.{l}",
            {
                "attn": (layer.attention, INSIDE),
                "resid_pre": (layer, INPUT),
                "attn.out": (layer.attention.out_lin, OUTPUT),
                "resid_mid": (layer.sa_layer_norm, OUTPUT),
                "mlp.pre": (layer.ffn.lin1, OUTPUT),
                "mlp.post": (layer.ffn.lin2, INPUT),
                "mlp.out": (layer.ffn.lin2, OUTPUT),
                "resid_post": (layer.output_layer_norm, OUTPUT),
            },
        )
    return table


def longformer_modules(model):
    def attention(layer):
        inside = layer.attention.self
        names = {
            "q": inside.query,
            "k": inside.key,
            "v": inside.value,
            "q_global": inside.query_global,
            "k_global": inside.key_global,
            "v_global": inside.value_global,
        }
        return {f"attn.{name}": (module, HEADS_OUTPUT) for name, module in names.items()} | {
            "attn.z": (layer.attention.output.dense, HEADS_INPUT)
        }

    return bert_modules(model, attention)


def vit_modules(model):
    """Without the embedding's terms, of which no module gives the class token's."""
    table = {"final_norm": (model.vit.layernorm, OUTPUT)}
    for l, layer in enumerate(model.vit.layers):
        table |= of_layer(
            f"blocks.{l}",
            {
                "attn": (layer.attention, INSIDE),
                "resid_pre": (layer, INPUT),
                "attn.out": (layer.attention.o_proj, OUTPUT),
                "resid_mid": (layer.layernorm_after, SHARED_INPUT),
                "mlp.pre": (layer.mlp.fc1, OUTPUT),
                "mlp.post": (layer.mlp.fc2, INPUT),
                "mlp.out": (layer.mlp.fc2, OUTPUT),
                "resid_post": (layer, OUTPUT),
            },
        )
    return table


def marian_modules(model):
    table = {"logits": (model, LOGITS)}
    for stack, part in (("encoder", model.model.encoder), ("decoder", model.model.decoder)):
        table |= {
            f"{stack}.embed": (part.embed_tokens, OUTPUT),
            f"{stack}.pos_embed": (part.embed_positions, OUTPUT),
        }
        own = "attn" if stack == "encoder" else "self_attn"
        for l, layer in enumerate(part.layers):
            places = {
                own: (layer.self_attn, INSIDE),
                "resid_pre": (layer, INPUT),
                f"{own}.out": (layer.self_attn.out_proj, OUTPUT),
                "resid_mid": (layer.self_attn_layer_norm, OUTPUT),
                "mlp.pre": (layer.fc1, OUTPUT),
                "mlp.post": (layer.fc2, INPUT),
                "mlp.out": (layer.fc2, OUTPUT),
                "resid_post": (layer.final_layer_norm, OUTPUT),
            }
            if stack == "decoder":
                places |= {
                    "cross_attn": (layer.encoder_attn, INSIDE),
                    "cross_attn.out": (layer.encoder_attn.out_proj, OUTPUT),
                    "resid_cross": (layer.encoder_attn_layer_norm, OUTPUT),
                }
            table |= of_layer(f"{stack}.blocks.{l}", places)
    return table


MODULES = {
    "bert": bert_modules,
    "gpt2": gpt2_modules,
    "llama": llama_modules,
    "distilbert": distilbert_modules,
    "roberta": bert_modules,
    "longformer": longformer_modules,
    "vit": vit_modules,
    "marian": marian_modules,
}


def modules_of(model):
    return {
        name: place
        for name, place in MODULES[model.config.model_type](model).items()
        if place[0] is not None
    }


def activation_names(model):
    return [
        each
        for name, (_, where) in modules_of(model).items()
        for each in (
            [f"{name}.{inner}" for inner in INSIDE_ATTENTION] if where == INSIDE else [name]
        )
    ]


def repeated(x, heads):
    """[B, G, S, K] → [B, H, S, K]: heads h of one group share its keys and values."""
    return x.repeat_interleave(heads // x.shape[1], dim=1)


def hook_attention(model, produced):
    prefixes = {
        module: f"{name}." for name, (module, where) in modules_of(model).items() if where == INSIDE
    }

    def attention(module, q, k, v, attention_mask, scaling=None, dropout=0.0, **_):
        prefix = prefixes[module]
        q, k, v = (produced(prefix + name, x) for name, x in (("q", q), ("k", k), ("v", v)))
        scaling = q.shape[-1] ** -0.5 if scaling is None else scaling
        scores = produced(f"{prefix}scores", q @ repeated(k, q.shape[1]).transpose(2, 3) * scaling)
        # transformers masks with the smallest float, this project with −∞: the same pattern.
        masked = (
            scores if attention_mask is None else scores.masked_fill(attention_mask < 0, -torch.inf)
        )
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

    heads = model.config.num_attention_heads

    def whole(x):
        return x.expand(batch, *x.shape[-2:])  # position embeddings come as [1, T, D] or [T, D]

    def by_head(name, x):
        """x [T, B, D] of a projection, or [B, T, D], is produced as [B, H, T, K]."""
        swapped = not name.endswith(".z")
        x = x.transpose(0, 1) if swapped else x
        x = produced(name, x.unflatten(-1, (heads, -1)).transpose(1, 2)).transpose(1, 2).flatten(-2)
        return (x.transpose(0, 1) if swapped else x).contiguous()

    def register(name, module, where):
        def output(_, __, x):
            return produced(name, whole(x))

        def taken(_, arguments):
            return (produced(name, arguments[0]), *arguments[1:])

        def shared(_, arguments):
            arguments[0].copy_(produced(name, arguments[0]))

        def logits(_, __, result):
            result.logits = produced(name, result.logits)
            return result

        def heads_output(_, __, x):
            return by_head(name, x)

        def heads_taken(_, arguments):
            return (by_head(name, arguments[0]), *arguments[1:])

        after = {OUTPUT: output, LOGITS: logits, HEADS_OUTPUT: heads_output}
        before = {INPUT: taken, SHARED_INPUT: shared, HEADS_INPUT: heads_taken}
        if where in after:
            handles.append(module.register_forward_hook(after[where]))
        elif where in before:
            handles.append(module.register_forward_pre_hook(before[where]))

    table = modules_of(model)
    for name, (module, where) in table.items():
        register(name, module, where)
    if INSIDE in {where for _, where in table.values()}:
        hook_attention(model, produced)

    def remove():
        model.config._attn_implementation = before
        for handle in handles:
            handle.remove()

    return remove
