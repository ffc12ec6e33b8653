"""Gradients and whole training runs of Transformers' own models, by PyTorch's autograd and torch.optim.AdamW."""

import copy

import torch
from torch.nn import functional as F
from transformers import (
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MarianConfig,
    MarianMTModel,
    ViTConfig,
    ViTForImageClassification,
    get_cosine_schedule_with_warmup,
)

from golden import bert, families, seq2seq, vision
from golden.case import Group, Random, TOLERANCES
from golden.hooks import hook
from golden.interventions import Edit

ABOUT = (
    "transformers' BertForMaskedLM, GPT2LMHeadModel, LlamaForCausalLM, MarianMTModel and ViTForImageClassification with random "
    "weights, in float64. gradients: loss is the mean cross-entropy over the labels that are not −100; parameters.NAME is "
    "its gradient with respect to a parameter, grad.NAME with respect to an activation as it stands after the edits, both by "
    "autograd. training: losses and norms of the gradient of a run with torch.optim.AdamW, clip_grad_norm_ and "
    "get_cosine_schedule_with_warmup; step i takes the batch i mod the number of batches."
)

TOLERANCES["gradients"] = {"absolute": 5e-5, "relative": 5e-5}
TOLERANCES["training"] = {"absolute": 1e-3, "relative": 0.0}

V = 17  # tokens; 0 is nowhere an input: transformers leaves the gradient of the padding token's row out


def bert_model():
    model = BertForMaskedLM(
        BertConfig(
            vocab_size=V,
            hidden_size=12,
            num_hidden_layers=2,
            num_attention_heads=3,
            intermediate_size=20,
            max_position_embeddings=8,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            attn_implementation="eager",
        )
    )
    bert.fill(model, "gradients/bert")
    return model, *families.described(model)


def gpt2_model(window=None):
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=V,
            n_embd=12,
            n_layer=2,
            n_head=2,
            n_inner=20,
            n_positions=8,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            attn_implementation="eager",
        )
    )
    families.fill(model, "gradients/gpt2")
    ours, table = families.described(model)
    if window is not None:
        ours["attention"]["window"] = window
    return model, ours, table


def llama_model():
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=V,
            hidden_size=12,
            num_hidden_layers=2,
            num_attention_heads=6,
            num_key_value_heads=2,
            head_dim=4,
            intermediate_size=20,
            max_position_embeddings=8,
            tie_word_embeddings=False,
            attn_implementation="eager",
        )
    )
    families.fill(model, "gradients/llama")
    return model, *families.described(model)


def marian_model():
    config = MarianConfig(
        vocab_size=V,
        decoder_vocab_size=V,
        d_model=12,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=3,
        decoder_attention_heads=3,
        encoder_ffn_dim=20,
        decoder_ffn_dim=20,
        max_position_embeddings=8,
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        activation_function="swish",
        scale_embedding=True,
        pad_token_id=0,
        decoder_start_token_id=0,
        eos_token_id=1,
        forced_eos_token_id=None,
        attn_implementation="eager",
    )
    model = MarianMTModel(config)
    families.fill(model, "gradients/marian")
    seq2seq_positions(model)
    # final_logits_bias is a buffer there, which no optimizer changes; here it is a parameter, so it stays out.
    ours = seq2seq.marian_config(model, config) | {"lmHeadBias": False}
    table = {
        name: theirs
        for name, theirs in seq2seq.marian_names(model, config).items()
        if name != "lm_head.bias"
    }
    return model, ours, table


def seq2seq_positions(model):
    """fill() gave the table of sinusoids random numbers; it gets its own back."""
    for part in (model.model.encoder, model.model.decoder):
        part.embed_positions.weight.data = part.embed_positions.create_weight()


def vit_model():
    model = ViTForImageClassification(
        ViTConfig(
            hidden_size=12,
            num_hidden_layers=2,
            num_attention_heads=3,
            intermediate_size=20,
            image_size=[4, 6],
            patch_size=[2, 2],
            num_channels=3,
            num_labels=5,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            hidden_act="gelu",
            attn_implementation="eager",
        )
    )
    vision.fill(model, "gradients/vit")
    ours, table = vision.described(model)
    return (
        model,
        ours,
        {
            name: in_memory(theirs) if isinstance(theirs, str) else theirs
            for name, theirs in table.items()
        },
    )


def in_memory(name):
    """What a tensor of a ViT's file is called in the model: save_pretrained goes on writing the older names."""
    for file, module in (
        ("encoder.layer.", "layers."),
        ("attention.attention.query", "attention.q_proj"),
        ("attention.attention.key", "attention.k_proj"),
        ("attention.attention.value", "attention.v_proj"),
        ("attention.output.dense", "attention.o_proj"),
        ("intermediate.dense", "mlp.fc1"),
        ("output.dense", "mlp.fc2"),
    ):
        name = name.replace(file, module)
    return name


def entry_of(tensors, theirs):
    """The tensor that a table's entry names, as this project lays it out."""
    if isinstance(theirs, str):
        return tensors[theirs]
    tensor = tensors[theirs["tensor"]]
    if theirs.get("transposed"):
        tensor = tensor.T
    if "by_head" in theirs:  # q, k and v of each head, as q of all heads, then k, then v
        parts = tensor.unflatten(0, (theirs["by_head"], 3, -1))
        return parts.transpose(0, 1).flatten(0, 2)
    if "plus" in theirs:
        return tensor  # of a gradient: the same
    return tensor.reshape(theirs["dims"]) if "dims" in theirs else tensor


def parameters_of(model, table):
    state = model.state_dict()
    return {ours: entry_of(state, theirs).double().contiguous() for ours, theirs in table.items()}


def gradients_of(model, table):
    grads = {
        name: parameter.grad for name, parameter in model.named_parameters(remove_duplicate=False)
    }
    return {f"parameters.{ours}": entry_of(grads, theirs).clone() for ours, theirs in table.items()}


ARGUMENTS = {
    "input_ids": "inputIds",
    "attention_mask": "attentionMask",
    "token_type_ids": "tokenTypeIds",
    "decoder_input_ids": "decoderInputIds",
    "decoder_attention_mask": "decoderAttentionMask",
    "global_attention_mask": "globalAttentionMask",
}


def loss_of(model, inputs):
    arguments = {
        theirs: inputs[ours].long() for theirs, ours in ARGUMENTS.items() if ours in inputs
    }
    if "pixelValues" in inputs:
        arguments["pixel_values"] = inputs["pixelValues"]
    output, labels = model(**arguments), inputs["labels"]
    if "start_logits" in output:
        ends = zip((output.start_logits, output.end_logits), labels.long().unbind(-1))
        return sum(F.cross_entropy(logits, places) for logits, places in ends) / 2
    logits = output.logits
    if labels.is_floating_point():
        several = model.config.problem_type == "multi_label_classification"
        return (F.binary_cross_entropy_with_logits if several else F.mse_loss)(logits, labels)
    return F.cross_entropy(logits.flatten(0, -2), labels.long().flatten(), ignore_index=-100)


def gradients(table, edits, window, hooked, term=None):
    """term(activations, inputs): added to the loss that is differentiated, not to the one that is reported."""

    def compute(inputs, model):
        kept = {}
        batch, length = next(iter(inputs.values())).shape[:2]

        def produced(name, x):
            if window is not None and name.endswith("masked_scores"):
                distance = torch.arange(length)[:, None] - torch.arange(length)
                x = x.masked_fill(distance.abs() > window, -torch.inf)
            x = x.clone()
            for edit in edits:
                if edit.at == name:
                    x = edit.apply(x, inputs, {})
            x.retain_grad()
            kept[name] = x
            return x

        finish = hook(model, batch, produced) if hooked else lambda: None
        loss = loss_of(model, inputs)
        (loss + term(kept, inputs) if term else loss).backward()
        finish()
        expected = {"loss": loss.detach()[None]} | gradients_of(model, table)
        for name, x in kept.items():
            expected |= {name: x.detach().contiguous(), f"grad.{name}": x.grad.contiguous()}
        return {name: x.to(loss.dtype) for name, x in expected.items()}

    return compute


def training(options, batches):
    def compute(inputs, model):
        optimizer = torch.optim.AdamW(
            model.parameters(),
            lr=options["lr"],
            betas=options["betas"],
            eps=options["eps"],
            weight_decay=options["weightDecay"],
        )
        schedule = get_cosine_schedule_with_warmup(
            optimizer, options["warmupSteps"], options["totalSteps"]
        )
        losses, norms = [], []
        for step in range(options["steps"]):
            part = {
                name: x.unflatten(0, (batches, -1))[step % batches] for name, x in inputs.items()
            }
            optimizer.zero_grad()
            loss = loss_of(model, part)
            loss.backward()
            norms.append(
                torch.nn.utils.clip_grad_norm_(model.parameters(), options["clipNorm"]).detach()
            )
            optimizer.step()
            schedule.step()
            losses.append(loss.detach())
        return {"losses": torch.stack(losses), "gradNorms": torch.stack(norms).to(losses[0].dtype)}

    return compute


def add(group, kind, name, about, made, inputs, compute, options, random):
    model, ours, table = made
    # Padding is what attentionMask says: none is skipped by a pad token.
    ours = {key: value for key, value in ours.items() if key != "padTokenId"}

    def load(dtype):
        copied = copy.deepcopy(model).to(dtype).train()
        for name, parameter in copied.named_parameters():
            parameter.requires_grad_(not name.endswith("embed_positions.weight"))
        return copied

    group.add(
        name,
        kind,
        about,
        compute,
        inputs=inputs,
        parameters=parameters_of(model, table),
        config=ours,
        options=options,
        seed=random.seed,
        load=load,
    )


def labels(random, ids, share=0.3):
    wanted = random.integers(0, V, *ids.shape)
    return torch.where(random.bits(*ids.shape, probability=share), -100, wanted).int()


def tokens(random, B, T, kind):
    inputs = {"inputIds": random.integers(1, V, B, T)}
    if kind == "bert":
        inputs["tokenTypeIds"] = random.integers(0, 2, B, T)
    if kind in ("marian", "t5"):
        inputs["decoderInputIds"] = random.integers(1, V, B, T - 1)
    return inputs | {"labels": labels(random, inputs.get("decoderInputIds", inputs["inputIds"]))}


def run(group, name, about, made, kind):
    random = Random(f"{group.name}/{name}")
    batches, B, T = 5, 4, 6
    inputs = tokens(random, batches * B, T, kind)
    options = {
        "steps": 100,
        "batches": batches,
        "lr": 0.001,
        "betas": [0.9, 0.98],
        "eps": 1e-8,
        "weightDecay": 0.05,
        "clipNorm": 1.0,
        "warmupSteps": 10,
        "totalSteps": 100,
    }
    add(group, "training", name, about, made, inputs, training(options, batches), options, random)


def make():
    group = Group("gradients", ABOUT)

    def once(name, about, made, kind, edits=(), window=None, padding=False, T=5):
        random = Random(f"gradients/{name}")
        inputs = tokens(random, 2, T, kind)
        if padding:
            inputs["attentionMask"] = torch.tensor(
                [[1] * T, [1] * (T - 2) + [0] * 2], dtype=torch.int32
            )
            if kind != "marian":
                inputs["labels"] = torch.where(
                    inputs["attentionMask"] > 0, inputs["labels"], -100
                ).int()
        options = {"interventions": [edit.described(inputs) for edit in edits]} if edits else {}
        compute = gradients(made[2], edits, window, kind != "marian")
        add(group, "gradients", name, about, made, inputs, compute, options, random)

    zero, one = "blocks.0.", "blocks.1."
    once(
        "bert",
        "post-norm, token types, padding, masked-language head tied to the embedding",
        bert_model(),
        "bert",
        padding=True,
    )
    once(
        "bert_edited",
        "edits of nearly every kind in force",
        bert_model(),
        "bert",
        edits=[
            Edit(f"{zero}attn.pattern", "zero", {"head": 1}),
            Edit(f"{one}attn.pattern", "set", {"key": 0}, 0.25),
            Edit(f"{one}attn.scores", "add", {"head": 0}, (2, 5, 5)),
            Edit(f"{zero}attn.z", "scale", {}, 1.5),
            Edit(f"{zero}attn.z", "mean", {"head": 2}),
            Edit(f"{one}attn.q", "mean", {"head": 1}),
            Edit(f"{zero}mlp.out", "scale", {"index": 3}, -2.0),
            Edit(f"{one}mlp.pre", "set", {"index": 4}, 0.5),
            Edit(f"{zero}resid_mid", "add", {"query": 1}, 0.75),
            Edit("pos_embed", "mean", {}),
            Edit(f"{one}resid_post", "zero", {"index": 2}),
        ],
    )
    once(
        "gpt2",
        "pre-norm, causal, fused projections, output tied to the embedding",
        gpt2_model(),
        "gpt2",
    )
    once(
        "gpt2_edited",
        "edits at the same place and along the stream",
        gpt2_model(),
        "gpt2",
        edits=[
            Edit(f"{zero}attn.v", "scale", {"head": 0}, 0.5),
            Edit(f"{zero}attn.v", "set", {"head": 0, "key": 2}, 1.0),
            Edit(f"{one}attn.masked_scores", "add", {"key": 1}, 1.25),
            Edit(f"{one}attn.pattern", "mean", {"head": 1}),
            Edit(f"{zero}resid_mid", "scale", {"batch": 1}, 0.5),
            Edit(f"{one}resid_pre", "mean", {"index": 5}),
            Edit("final_norm", "scale", {"query": 0}, 2.0),
        ],
    )
    once(
        "gpt2_window",
        "a sliding window of 1 within the causal mask",
        gpt2_model(window=1),
        "gpt2",
        window=1,
        T=6,
    )
    once(
        "llama",
        "rotary positions, RMSNorm, SwiGLU, three queries to a key, output of its own",
        llama_model(),
        "llama",
    )
    once(
        "llama_edited",
        "edits of shared keys and of the gate",
        llama_model(),
        "llama",
        edits=[
            Edit(f"{zero}attn.k", "scale", {"head": 1}, -1.5),
            Edit(f"{one}attn.v", "zero", {"head": 0}),
            Edit(f"{zero}mlp.pre", "scale", {"index": 2}, 3.0),
            Edit(f"{one}mlp.pre_linear", "mean", {}),
        ],
    )
    once(
        "marian",
        "an encoder and a decoder with one table of tokens, padding in the encoder",
        marian_model(),
        "marian",
        padding=True,
    )
    random = Random("gradients/vit")
    made = vit_model()
    inputs = {"pixelValues": random.normal(3, 3, 4, 6), "labels": random.integers(0, 5, 3)}
    add(
        group,
        "gradients",
        "vit",
        "a classifier of pictures",
        made,
        inputs,
        gradients(made[2], (), None, False),
        {},
        random,
    )

    run(group, "bert_run", "100 steps of an encoder", bert_model(), "bert")
    run(group, "gpt2_run", "100 steps of a causal decoder", gpt2_model(), "gpt2")
    run(group, "marian_run", "100 steps of an encoder–decoder", marian_model(), "marian")
    return group
