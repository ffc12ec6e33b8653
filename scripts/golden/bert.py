"""Checkpoints of the BERT family in Hugging Face's layout, and what Transformers computes with them.

tests/golden/checkpoints/NAME holds config.json, model.safetensors and, for some, tokenizer.json. Every expected value
comes from the folder as Transformers reads it, converted to float64.
"""

import json
import shutil

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForMaskedLM, BertModel

from golden import interventions, tokenizer
from golden.case import Group, Random
from golden.encoder import model_config
from golden.reference import agree, encoder

ABOUT = (
    "transformers' BertModel and BertForMaskedLM, eager attention, weights as saved and then float64. blocks.l.resid_pre "
    "is hidden_states[l]; other intermediates: the same equations in PyTorch, once they give the same output. Positions "
    "whose attentionMask is 0 are not compared."
)

ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
    "silu": "silu",
}


def fill(model, name):
    """Random weights that make patterns far from uniform and every bias and norm count."""
    random = Random(name)
    with torch.no_grad():
        for key, parameter in sorted(model.named_parameters()):
            shape = parameter.shape
            if "LayerNorm.weight" in key:
                values = random.normal(*shape, std=0.2, mean=1.0)
            elif key.endswith("bias"):
                values = random.normal(*shape, std=0.3)
            elif "embeddings" in key:
                values = random.normal(*shape)
            else:
                values = random.linear(*shape, gain=1.4 if "self" in key else 1.0)
            parameter.copy_(values.float())
    return random.seed


def our_config(config, *, pooler, masked_lm):
    """The checkpoint's config in this project's terms (js/core/config-types.ts)."""
    return model_config(
        config.hidden_size,
        config.num_hidden_layers,
        config.intermediate_size,
        config.num_attention_heads,
        vocabSize=config.vocab_size,
        maxLen=config.max_position_embeddings,
        typeVocabSize=config.type_vocab_size,
        positions="learned",
        embedNorm=True,
        normEps=config.layer_norm_eps,
        activation=ACTIVATIONS[config.hidden_act],
        pooler=pooler,
        maskedLmHead=masked_lm,
    )


def our_names(config, names):
    """{this project's parameter: the checkpoint's tensor}, for the names that the file has."""
    prefix = "bert." if any(name.startswith("bert.") for name in names) else ""
    table = {
        "embed.token.weight": "embeddings.word_embeddings.weight",
        "embed.position.weight": "embeddings.position_embeddings.weight",
        "embed.token_type.weight": "embeddings.token_type_embeddings.weight",
    }
    pairs = {"embed.norm": "embeddings.LayerNorm", "pooler": "pooler.dense"}
    for index in range(config.num_hidden_layers):
        ours, theirs = f"blocks.{index}.", f"encoder.layer.{index}."
        pairs |= {
            f"{ours}attn.q_proj": f"{theirs}attention.self.query",
            f"{ours}attn.k_proj": f"{theirs}attention.self.key",
            f"{ours}attn.v_proj": f"{theirs}attention.self.value",
            f"{ours}attn.out_proj": f"{theirs}attention.output.dense",
            f"{ours}norm1": f"{theirs}attention.output.LayerNorm",
            f"{ours}mlp.fc1": f"{theirs}intermediate.dense",
            f"{ours}mlp.fc2": f"{theirs}output.dense",
            f"{ours}norm2": f"{theirs}output.LayerNorm",
        }
    for ours, theirs in pairs.items():
        table |= {f"{ours}.{kind}": f"{theirs}.{kind}" for kind in ("weight", "bias")}
    table = {ours: prefix + theirs for ours, theirs in table.items()}
    head = {
        "mlm_head.dense": "cls.predictions.transform.dense",
        "mlm_head.norm": "cls.predictions.transform.LayerNorm",
    }
    for ours, theirs in head.items():
        table |= {f"{ours}.{kind}": f"{theirs}.{kind}" for kind in ("weight", "bias")}
    table["mlm_head.bias"] = "cls.predictions.bias"
    return {ours: theirs for ours, theirs in table.items() if theirs in names}


def name_in_file(name, tensors):
    """Early checkpoints call a LayerNorm's weight and bias gamma and beta."""
    older = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
        "LayerNorm.bias", "LayerNorm.beta"
    )
    return name if name in tensors else older


def in_older_names(folder):
    """Rewrites a saved BertForMaskedLM as early checkpoints are: gamma and beta, untied copies, buffers, unused heads."""
    tensors = load_file(folder / "model.safetensors")
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): tensor
        for name, tensor in tensors.items()
    }
    table = tensors["bert.embeddings.word_embeddings.weight"]
    random = Random(folder.name + "/unused")
    old |= {
        "cls.predictions.decoder.weight": table.clone(),
        "cls.predictions.decoder.bias": tensors["cls.predictions.bias"].clone(),
        "bert.embeddings.position_ids": torch.arange(
            tensors["bert.embeddings.position_embeddings.weight"].shape[0]
        )[None],
        "cls.seq_relationship.weight": random.linear(2, table.shape[1]).float(),
        "cls.seq_relationship.bias": random.normal(2).float(),
    }
    save_file(old, folder / "model.safetensors")  # no metadata: early files have none
    config = json.loads((folder / "config.json").read_text())
    kept = [
        "architectures",
        "hidden_act",
        "hidden_size",
        "intermediate_size",
        "max_position_embeddings",
        "model_type",
        "num_attention_heads",
        "num_hidden_layers",
        "type_vocab_size",
        "vocab_size",
    ]
    (folder / "config.json").write_text(
        json.dumps({key: config[key] for key in kept}, indent=2) + "\n"
    )


def save_checkpoint(folder, architecture, dtype=torch.float32, older=False, **sizes):
    """Writes config.json and model.safetensors; returns the seed."""
    config = BertConfig(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **sizes)
    model = (
        BertModel(config, add_pooling_layer=False)
        if architecture == "BertModel without pooler"
        else {"BertModel": BertModel, "BertForMaskedLM": BertForMaskedLM}[architecture](config)
    )
    seed = fill(model, f"bert/{folder.name}")
    model.to(dtype).save_pretrained(folder)
    if older:
        in_older_names(folder)
    return seed


def load(folder, masked_lm, dtype):
    loaded = (BertForMaskedLM if masked_lm else BertModel).from_pretrained(
        folder, attn_implementation="eager"
    )
    return loaded.to(dtype).eval()


def run(model, inputs):
    arguments = {
        "input_ids": "inputIds",
        "attention_mask": "attentionMask",
        "token_type_ids": "tokenTypeIds",
    }
    with torch.no_grad():
        return model(
            **{theirs: inputs[ours].long() for theirs, ours in arguments.items() if ours in inputs},
            output_hidden_states=True,
            output_attentions=True,
        )


def reference(config, trace=()):
    """Expected values of one batch; trace: further intermediates, or 'all'."""

    def compute(inputs, model):
        output = run(model, inputs)
        expected = {"lastHiddenState": output.hidden_states[-1]}
        if config["maskedLmHead"]:
            expected["logits"] = output.logits
        if config["pooler"]:
            expected["poolerOutput"] = output.pooler_output
        expected |= {
            f"attentions.{index}": pattern for index, pattern in enumerate(output.attentions)
        }
        expected |= {
            f"blocks.{index}.resid_pre": x for index, x in enumerate(output.hidden_states[:-1])
        }
        if trace:
            activations = intermediates(model, config, inputs, output)
            expected |= (
                activations if trace == "all" else {name: activations[name] for name in trace}
            )
        return expected

    return compute


def intermediates(model, config, inputs, output):
    """Every activation of this project's names, once the last hidden state is Transformers'."""
    state = model.state_dict()
    names = our_names(model.config, state)
    parameters = {ours: state[theirs] for ours, theirs in names.items()}
    batch, length = inputs["inputIds"].shape
    padding = inputs.get("attentionMask", torch.ones(batch, length)).bool()
    allowed = padding[:, None, None, :].expand(
        batch, config["attention"]["numHeads"], length, length
    )
    last, activations = encoder(output.hidden_states[0], parameters, config, allowed=allowed)
    agree("BertModel", last, output.hidden_states[-1])
    types = inputs.get("tokenTypeIds", torch.zeros(batch, length)).long()
    activations["embed"] = parameters["embed.token.weight"][inputs["inputIds"].long()]
    activations["pos_embed"] = parameters["embed.position.weight"][:length].expand(batch, -1, -1)
    activations["token_type_embed"] = parameters["embed.token_type.weight"][types]
    return activations


class Checkpoints:
    """The checkpoints of a group, in folders below out/checkpoints, and the batches that run through them."""

    def __init__(self, group, out):
        self.group = group
        self.root = out / "checkpoints"

    def add(self, name, about, architecture, with_tokenizer=None, **options):
        folder = self.root / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        seed = save_checkpoint(folder, architecture, **options)
        masked_lm, pooler = architecture == "BertForMaskedLM", architecture == "BertModel"
        loaded = load(folder, masked_lm, torch.float32)
        with safe_open(folder / "model.safetensors", "pt") as file:
            tensors = set(file.keys())
        # The C++ tests, which know no checkpoint format, read the file by this table.
        table = {
            ours: name_in_file(theirs, tensors)
            for ours, theirs in our_names(loaded.config, loaded.state_dict()).items()
            if pooler or not ours.startswith("pooler.")
        }
        entry = {
            "about": about,
            "seed": seed,
            "config": our_config(loaded.config, pooler=pooler, masked_lm=masked_lm),
            "parameters": table,
        }
        if with_tokenizer:
            entry["tokenizer"] = tokenizer.expected(
                folder, tokenizer.save(folder, **with_tokenizer)
            )
        self.group.checkpoints[name] = entry

    def batch(
        self,
        name,
        about,
        checkpoint,
        B=2,
        T=9,
        lengths=None,
        types=False,
        left=False,
        trace=(),
        edits=None,
    ):
        """lengths: tokens of each sequence, the rest is padding, after the tokens or (left) before them."""
        random = Random(f"bert/{name}")
        config = self.group.checkpoints[checkpoint]["config"]
        inputs = {"inputIds": random.integers(0, config["vocabSize"], B, T)}
        if lengths:
            positions = torch.arange(T - 1, -1, -1) if left else torch.arange(T)
            inputs["attentionMask"] = (positions < torch.tensor(lengths)[:, None]).int()
        if types:
            inputs["tokenTypeIds"] = random.integers(0, config["typeVocabSize"], B, T)
        options = {"interventions": [edit.described(inputs) for edit in edits]} if edits else None
        compute = interventions.reference(run, edits) if edits else reference(config, trace)
        self.group.add(
            name,
            "model",
            about,
            compute,
            inputs=inputs,
            checkpoint=checkpoint,
            options=options,
            seed=random.seed,
            load=lambda dtype: load(self.root / checkpoint, config["maskedLmHead"], dtype),
            valid="attentionMask" if lengths else None,
        )


def make(out):
    group = Group("bert", ABOUT)
    checkpoints = Checkpoints(group, out)
    checkpoint, batch = checkpoints.add, checkpoints.batch
    vocab = len(tokenizer.vocabulary())

    checkpoint(
        "mlm_gelu",
        "odd sizes: D 36, H 3, F 50; uncased tokenizer",
        "BertForMaskedLM",
        with_tokenizer={"lowercase": True, "with_config": True},
        hidden_size=36,
        num_attention_heads=3,
        num_hidden_layers=2,
        intermediate_size=50,
        vocab_size=vocab,
        max_position_embeddings=24,
    )
    batch("mlm_plain", "one sequence, every intermediate", "mlm_gelu", B=1, trace="all")
    batch(
        "mlm_padding_types",
        "a batch with padding and token types",
        "mlm_gelu",
        B=3,
        lengths=(9, 5, 2),
        types=True,
    )
    batch("mlm_padding_left", "padding before the tokens", "mlm_gelu", lengths=(4, 9), left=True)
    batch("mlm_full_length", "as long as max_len", "mlm_gelu", B=1, T=24)
    batch("mlm_one_token", "T = 1", "mlm_gelu", B=1, T=1)

    checkpoint(
        "base_relu",
        "BertModel with pooler, relu, one token type, three layers, K = 4",
        "BertModel",
        hidden_size=20,
        num_attention_heads=5,
        num_hidden_layers=3,
        intermediate_size=33,
        vocab_size=40,
        max_position_embeddings=17,
        type_vocab_size=1,
        hidden_act="relu",
    )
    batch("base_relu", "pooler; a batch with padding", "base_relu", B=3, T=17, lengths=(17, 11, 1))

    checkpoint(
        "no_pooler_gelu_new",
        "BertModel saved without its pooler, gelu_new, eps 1e-5; cased tokenizer without a config",
        "BertModel without pooler",
        with_tokenizer={"lowercase": False, "with_config": False},
        hidden_size=24,
        num_attention_heads=2,
        num_hidden_layers=1,
        intermediate_size=96,
        vocab_size=vocab,
        max_position_embeddings=32,
        hidden_act="gelu_new",
        layer_norm_eps=1e-5,
    )
    batch("no_pooler", "token types, no padding", "no_pooler_gelu_new", types=True)

    checkpoint(
        "one_head_silu",
        "BertModel, one head, silu, three token types, F < D",
        "BertModel",
        hidden_size=13,
        num_attention_heads=1,
        num_hidden_layers=2,
        intermediate_size=9,
        vocab_size=23,
        max_position_embeddings=12,
        type_vocab_size=3,
        hidden_act="silu",
    )
    batch(
        "one_head",
        "token types 0, 1, 2 and padding",
        "one_head_silu",
        T=12,
        lengths=(12, 7),
        types=True,
    )

    small = {
        "hidden_size": 16,
        "num_attention_heads": 2,
        "num_hidden_layers": 2,
        "intermediate_size": 24,
        "vocab_size": 30,
        "max_position_embeddings": 16,
    }
    checkpoint(
        "older_names",
        "names of early checkpoints: gamma and beta, untied copies, position_ids (I64), unused heads; a "
        "config that leaves defaults out",
        "BertForMaskedLM",
        older=True,
        **small,
    )
    batch("older_names", "padding and token types", "older_names", lengths=(9, 6), types=True)
    checkpoint("mlm_f16", "float16 weights", "BertForMaskedLM", dtype=torch.float16, **small)
    batch("mlm_f16", "padding and token types", "mlm_f16", lengths=(9, 6), types=True)
    checkpoint(
        "mlm_bf16",
        "bfloat16 weights",
        "BertForMaskedLM",
        dtype=torch.bfloat16,
        hidden_act="gelu_pytorch_tanh",
        **small,
    )
    batch("mlm_bf16", "padding and token types", "mlm_bf16", lengths=(9, 6), types=True)

    for name, about, edits in interventions.cases():
        batch(f"edit_{name}", about, "mlm_gelu", T=7, edits=edits)
    return group
