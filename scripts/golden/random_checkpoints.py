#!/usr/bin/env python3
"""Random checkpoints of every family, as nobody chose them, with what Transformers computes: a soak test outside the repository.

python3 scripts/golden/random_checkpoints.py DIR [--count 10] [--seed 1] [FAMILY …]
scripts/lib/node-relaxed-simd.sh scripts/golden/compare_checkpoints.mjs DIR
"""

import argparse
import random
import shutil
import sys
from pathlib import Path

import torch
import transformers
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertModel,
    DistilBertConfig,
    DistilBertForMaskedLM,
    DistilBertModel,
    GPT2Config,
    GPT2LMHeadModel,
    GPT2Model,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaModel,
    LongformerConfig,
    LongformerForMaskedLM,
    LongformerModel,
    MarianConfig,
    MarianModel,
    MarianMTModel,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaModel,
    ViTConfig,
    ViTForImageClassification,
    ViTModel,
)

sys.path.insert(0, str(Path(__file__).parent.parent))

from golden import families, longformer, seq2seq, vision  # noqa: E402
from golden.case import Group, Random  # noqa: E402

ACTIVATIONS = [
    "gelu",
    "gelu_new",
    "gelu_pytorch_tanh",
    "gelu_fast",
    "gelu_python",
    "relu",
    "silu",
    "swish",
]
GENERATING = (GPT2LMHeadModel, LlamaForCausalLM, MarianMTModel)
WITH_POOLER = (BertModel, RobertaModel, LongformerModel, ViTModel)
BATCHES = 2


def heads_and_width(choose, widths=(1, 2, 3, 4, 5, 7, 8, 11, 16)):
    return choose.choice([1, 1, 2, 3, 4, 5, 7]), choose.choice(widths)


def common(choose):
    heads, width = heads_and_width(choose)
    return {
        "hidden_size": heads * width,
        "num_attention_heads": heads,
        "num_hidden_layers": choose.randint(1, 3),
        "intermediate_size": choose.randint(1, 4 * heads * width),
        "hidden_act": choose.choice(ACTIVATIONS),
    }


def encoder(choose, pads=(0, 3)):
    pad = choose.choice(pads)
    return common(choose) | {
        "vocab_size": choose.randint(8, 200),
        "max_position_embeddings": choose.randint(8, 60),
        "type_vocab_size": choose.randint(1, 4),
        "layer_norm_eps": choose.choice([1e-12, 1e-6, 1e-5, 1e-2]),
        "pad_token_id": pad,
        "tie_word_embeddings": choose.random() < 0.7,
    }


def masked(choose, body, head, config, fields):
    """RoBERTa's head, and Longformer's, is GELU whatever the blocks' activation is: else it is refused."""
    architecture = choose.choice([body, head])
    return architecture, config(**fields | ({"hidden_act": "gelu"} if architecture is head else {}))


def bert(choose):
    return choose.choice([BertModel, BertForMaskedLM]), BertConfig(**encoder(choose))


def distilbert(choose):
    names = {
        "hidden_size": "dim",
        "num_attention_heads": "n_heads",
        "num_hidden_layers": "n_layers",
        "intermediate_size": "hidden_dim",
        "hidden_act": "activation",
    }
    fields = {
        names.get(name, name): value
        for name, value in encoder(choose).items()
        if name not in ("type_vocab_size", "layer_norm_eps")
    }
    return choose.choice([DistilBertModel, DistilBertForMaskedLM]), DistilBertConfig(**fields)


def roberta(choose):
    return masked(
        choose, RobertaModel, RobertaForMaskedLM, RobertaConfig, encoder(choose, (0, 1, 4))
    )


def long_encoder(choose):
    fields = encoder(choose, (0, 1, 4))
    windows = choose.choice(
        [4, 6, 10, [choose.choice([4, 8]) for _ in range(fields["num_hidden_layers"])]]
    )
    fields |= {
        "attention_window": windows,
        "max_position_embeddings": fields["max_position_embeddings"] + 40,
    }
    return masked(choose, LongformerModel, LongformerForMaskedLM, LongformerConfig, fields)


def gpt2(choose):
    heads, width = heads_and_width(choose)
    config = GPT2Config(
        n_embd=heads * width,
        n_head=heads,
        n_layer=choose.randint(1, 3),
        n_positions=choose.randint(16, 60),
        vocab_size=choose.randint(5, 200),
        n_inner=choose.choice([None, choose.randint(1, 4 * heads * width)]),
        activation_function=choose.choice(ACTIVATIONS),
        layer_norm_epsilon=choose.choice([1e-12, 1e-5, 1e-2]),
        scale_attn_weights=choose.random() < 0.7,
        tie_word_embeddings=choose.random() < 0.6,
        bos_token_id=0,
        eos_token_id=choose.choice([None, 1, [1, 2]]),
    )
    return choose.choice([GPT2Model, GPT2LMHeadModel, GPT2LMHeadModel]), config


def llama(choose):
    heads, width = heads_and_width(choose, (2, 4, 6, 8, 16, 32))
    groups = choose.choice([count for count in range(1, heads + 1) if heads % count == 0])
    rope = choose.choice(
        [
            {"rope_type": "default", "rope_theta": choose.choice([100.0, 10000.0, 500000.0])},
            {"rope_type": "linear", "factor": choose.choice([2.0, 3.5]), "rope_theta": 1000.0},
            {
                "rope_type": "llama3",
                "rope_theta": 100.0,
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": choose.choice([2.0, 4.0]),
                "original_max_position_embeddings": choose.choice([8, 16]),
            },
        ]
    )
    config = LlamaConfig(
        hidden_size=heads * width,
        num_attention_heads=heads,
        num_key_value_heads=groups,
        num_hidden_layers=choose.randint(1, 3),
        intermediate_size=choose.randint(1, 4 * heads * width),
        vocab_size=choose.randint(5, 200),
        max_position_embeddings=choose.randint(17, 80),
        hidden_act=choose.choice(ACTIVATIONS),
        attention_bias=choose.random() < 0.5,
        rms_norm_eps=choose.choice([1e-6, 1e-5, 1e-3]),
        mlp_bias=choose.random() < 0.5,
        tie_word_embeddings=choose.random() < 0.5,
        rope_parameters=rope,
        head_dim=choose.choice([None, 2, 6, 10]),
        bos_token_id=0,
        eos_token_id=choose.choice([None, 1]),
    )
    return choose.choice([LlamaModel, LlamaForCausalLM, LlamaForCausalLM]), config


def vit(choose):
    config = ViTConfig(
        **common(choose),
        layer_norm_eps=choose.choice([1e-12, 1e-5, 1e-2]),
        image_size=choose.choice([4, 6, 7, [6, 9], [5, 8]]),
        patch_size=choose.choice([1, 2, 3, [2, 3]]),
        num_channels=choose.choice([1, 3, 4]),
        qkv_bias=choose.random() < 0.5,
        num_labels=choose.randint(1, 5),
    )
    return choose.choice([ViTModel, ViTForImageClassification]), config


def marian(choose):
    width, vocab, share = (
        choose.choice([6, 12, 16, 20, 24]),
        choose.randint(8, 100),
        choose.random() < 0.6,
    )
    divisors = [count for count in range(1, width + 1) if width % count == 0]
    config = MarianConfig(
        vocab_size=vocab,
        decoder_vocab_size=vocab if share else choose.randint(8, 100),
        share_encoder_decoder_embeddings=share,
        d_model=width,
        encoder_layers=choose.randint(1, 2),
        decoder_layers=choose.randint(1, 3),
        encoder_attention_heads=choose.choice(divisors),
        decoder_attention_heads=choose.choice(divisors),
        encoder_ffn_dim=choose.randint(1, 50),
        decoder_ffn_dim=choose.randint(1, 50),
        max_position_embeddings=choose.randint(17, 50),
        activation_function=choose.choice(ACTIVATIONS),
        scale_embedding=choose.random() < 0.5,
        pad_token_id=5,
        eos_token_id=0,
        decoder_start_token_id=choose.choice([0, 5]),
        forced_eos_token_id=choose.choice([None, 0]),
        tie_word_embeddings=choose.random() < 0.7,
    )
    return choose.choice([MarianModel, MarianMTModel, MarianMTModel]), config


FAMILIES = {
    "bert": bert,
    "distilbert": distilbert,
    "roberta": roberta,
    "longformer": long_encoder,
    "gpt2": gpt2,
    "llama": llama,
    "vit": vit,
    "marian": marian,
}


def saved(choose, folder, family, name):
    """Saves a model in one of many ways. Returns its config, what it is, and load(dtype)."""
    architecture, config = FAMILIES[family](choose)
    arguments = (
        {"add_pooling_layer": False}
        if architecture in WITH_POOLER and choose.random() < 0.4
        else {}
    )
    model = architecture(config, **arguments)
    if family == "vit":
        vision.fill(model, name)
    else:
        families.fill(model, name)
    seq2seq.set_positions(model)
    dtype = choose.choice([torch.float32, torch.float32, torch.float16, torch.bfloat16])
    saving = (
        {"max_shard_size": choose.choice(["2KB", "9KB", "30KB"])} if choose.random() < 0.3 else {}
    )
    body_alone = model.base_model is not model and choose.random() < 0.2
    model = (model.base_model if body_alone else model).to(dtype)
    if body_alone and getattr(model, "pooler", True) is None:
        arguments = {"add_pooling_layer": False}
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, **saving)
    architecture = type(model)

    def load(precision):
        # In float32, as Marian computes its positions in the precision in which it is loaded.
        loaded = architecture.from_pretrained(
            folder, attn_implementation="eager", dtype=torch.float32, **arguments
        )
        return loaded.to(precision).eval()

    return architecture, config, f"{architecture.__name__}, {dtype}, {saving or 'one file'}", load


def padding(choose, B, T, left=False):
    mask = (torch.arange(T) < torch.tensor([choose.randint(1, T) for _ in range(B)])[:, None]).int()
    return mask.flip(1).contiguous() if left else mask


def token_inputs(choose, random_, family, config):
    counted = family in ("roberta", "longformer")  # positions begin after the padding id
    low = config.pad_token_id + 1 if counted else 0
    B, T = choose.randint(1, 3), choose.randint(1, config.max_position_embeddings - low)
    inputs = {"inputIds": random_.integers(low, config.vocab_size, B, T)}
    if choose.random() < 0.6:
        # Before its tokens a causal model's padding sees nothing: Transformers gives NaN.
        mask = padding(
            choose, B, T, left=family in ("bert", "distilbert") and choose.random() < 0.4
        )
        inputs["attentionMask"] = mask
        if counted:
            inputs["inputIds"] = torch.where(
                mask.bool(), inputs["inputIds"], config.pad_token_id
            ).int()
    if hasattr(config, "type_vocab_size") and choose.random() < 0.5:
        inputs["tokenTypeIds"] = random_.integers(0, config.type_vocab_size, B, T)
    if family == "longformer" and choose.random() < 0.7:
        inputs["globalAttentionMask"] = random_.bits(
            B, T, probability=choose.choice([0.1, 0.3])
        ).int()
    return inputs, "attentionMask" if "attentionMask" in inputs else None


def pair_inputs(choose, random_, config):
    B = choose.randint(1, 3)
    S, T = (choose.randint(1, config.max_position_embeddings) for _ in range(2))
    inputs = {
        "inputIds": random_.integers(0, config.vocab_size, B, S),
        "decoderInputIds": random_.integers(0, config.decoder_vocab_size, B, T),
    }
    if choose.random() < 0.6:
        inputs["attentionMask"] = padding(choose, B, S)
    if choose.random() < 0.5:
        inputs["decoderAttentionMask"] = padding(choose, B, T)
    return inputs, seq2seq.valid_of(inputs)


def batch(choose, random_, family, config):
    """(inputs, what says where nothing is compared, what computes)"""
    if family == "vit":
        shape = (choose.randint(1, 3), config.num_channels, *vision.both(config.image_size))
        return {"pixelValues": random_.normal(*shape, std=0.6)}, None, vision.forward_pictures
    if family == "marian":
        return *pair_inputs(choose, random_, config), seq2seq.forward
    return *token_inputs(
        choose, random_, family, config
    ), longformer.forward if family == "longformer" else families.forward


def greedy(inputs, model, new):
    return (
        seq2seq.generate(inputs, model, new)
        if model.config.is_encoder_decoder
        else families.generate(inputs, model, new, None)
    )


def is_clear(inputs, model, ids, new):
    """Whether no choice is so close that rounding could change it."""
    if model.config.is_encoder_decoder:
        return seq2seq.is_clear(model, inputs, ids, new)
    with torch.no_grad():
        best = model(ids[None, :-1]).logits[0, inputs["inputIds"].shape[1] - 1 :].topk(2).values
    return bool((best[:, 0] - best[:, 1]).min() > 1e-2)


def add_generation(group, name, about, config, load, new=12, attempts=60):
    model = load(torch.float64)
    for attempt in range(attempts):
        inputs = {"inputIds": Random(f"{name}/{attempt}").integers(1, config.vocab_size, 1, 4)}
        if is_clear(inputs, model, greedy(inputs, model, new), new):
            group.add(
                f"{name}_greedy",
                "generation",
                about,
                lambda inputs, model: {"ids": greedy(inputs, model, new).double()},
                inputs=inputs,
                checkpoint=name,
                options={"maxNewTokens": new},
                load=load,
            )
            return
    print(f"{name}: no clear prompt")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, metavar="DIR")
    parser.add_argument("families", nargs="*", metavar="FAMILY", choices=[[], *FAMILIES])
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()

    group = Group(
        "random", "Random checkpoints of every family, two batches each, and greedy generation."
    )
    for family in arguments.families or FAMILIES:
        choose = random.Random(f"{family}/{arguments.seed}")
        for number in range(arguments.count):
            name = f"{family}_{arguments.seed}_{number:04}"
            architecture, config, about, load = saved(
                choose, arguments.out / "checkpoints" / name, family, name
            )
            group.checkpoints[name] = {"about": about}
            for run in range(BATCHES):
                inputs, valid, compute = batch(choose, Random(f"{name}/{run}"), family, config)
                try:
                    group.add(
                        f"{name}_{run}",
                        "model",
                        about,
                        compute,
                        inputs=inputs,
                        checkpoint=name,
                        load=load,
                        valid=valid,
                    )
                except (
                    AssertionError,
                    RuntimeError,
                ) as error:  # Longformer cannot pad to windows of several sizes
                    print(f"{name}_{run}: Transformers itself fails: {error}")
            if architecture in GENERATING:
                add_generation(group, name, about, config, load)
    group.save(
        arguments.out,
        {
            "command": " ".join(sys.argv),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
    )
    print(
        f"{len(group.checkpoints)} checkpoints, {len(group.cases)} cases in {arguments.out}; PyTorch's float32 uses at most "
        f"{max(case['torchFloat32'] for case in group.cases)} of the tolerance"
    )


if __name__ == "__main__":
    main()
