"""Checkpoints of GPT-2, Llama, DistilBERT, RoBERTa and a BERT for sentences, and what Transformers computes with them.

tests/golden/checkpoints/NAME is what save_pretrained writes. Every expected value comes from the folder as Transformers
reads it, converted to float64; where Transformers itself insists on float32 (Llama's RMSNorm, softmax and angles) so does the
reference.
"""

import shutil

import torch
from tokenizers import Tokenizer
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertForMaskedLM,
    DistilBertModel,
    GPT2Config,
    GPT2LMHeadModel,
    GPT2Model,
    LlamaConfig,
    LlamaForCausalLM,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaModel,
)
from transformers.pytorch_utils import Conv1D

from golden import bert, byte_tokenizer, tokenizer
from golden.bert import ACTIVATIONS
from golden.case import Group, Random
from golden.encoder import model_config

ABOUT = (
    "transformers' GPT2LMHeadModel, LlamaForCausalLM, DistilBertModel, RobertaModel, their masked-language models and "
    "generate(); eager attention, weights as saved and then float64. blocks.l.resid_pre is hidden_states[l]. "
    "embeddings: the mean of the last hidden state over the tokens, divided by its norm. Positions whose attentionMask "
    "is 0 are not compared."
)

SENTENCES = [
    "the cat sat on the mat because it was tired.",
    "The dog",
    "",
    "attention is a weighted sum of values, and more",
    "the [MASK] sat",
]


def fill(model, name):
    """Random weights that make patterns far from uniform and every bias and norm count. Returns the seed."""
    random = Random(name)
    with torch.no_grad():
        for path, module in sorted(model.named_modules()):
            for key, parameter in module.named_parameters(recurse=False):
                shape = parameter.shape
                if len(shape) == 1:
                    norm = key == "weight"
                    values = (
                        random.normal(*shape, std=0.2, mean=1.0)
                        if norm
                        else random.normal(*shape, std=0.3)
                    )
                elif isinstance(module, torch.nn.Embedding):
                    values = random.normal(*shape, std=0.6)
                elif isinstance(module, Conv1D):  # [in, out]
                    values = random.linear(
                        shape[1], shape[0], gain=1.4 if "attn" in path else 1.0
                    ).T
                else:
                    values = random.linear(*shape, gain=1.4 if "att" in path else 1.0)
                parameter.copy_(values.float())
    model.tie_weights()
    return random.seed


def pairs(table, kinds=("weight", "bias")):
    return {
        f"{ours}.{kind}": f"{theirs}.{kind}" for ours, theirs in table.items() for kind in kinds
    }


def each_layer(config, theirs, table):
    """{blocks.l.ours: theirs.l.name} for every layer."""
    return {
        f"blocks.{l}.{ours}": f"{theirs}.{l}.{name}"
        for l in range(config.num_hidden_layers)
        for ours, name in table.items()
    }


def gpt2(config):
    ours = model_config(
        config.n_embd,
        config.n_layer,
        config.n_inner or 4 * config.n_embd,
        config.n_head,
        vocabSize=config.vocab_size,
        maxLen=config.n_positions,
        positions="learned",
        norm="pre",
        normEps=config.layer_norm_epsilon,
        finalNorm=True,
        activation=ACTIVATIONS[config.activation_function],
        lmHead=True,
        tieEmbeddings=config.tie_word_embeddings,
        attention={
            "fused": True,
            "causal": True,
            "scaleBy": "d_head" if config.scale_attn_weights else "none",
        },
    )
    linear = {
        "attn.qkv_proj": "attn.c_attn",
        "attn.out_proj": "attn.c_proj",
        "mlp.fc1": "mlp.c_fc",
        "mlp.fc2": "mlp.c_proj",
    }
    names = pairs(
        each_layer(config, "h", linear | {"norm1": "ln_1", "norm2": "ln_2"})
        | {"final_norm": "ln_f"}
    )
    names |= {"embed.token.weight": "wte.weight", "embed.position.weight": "wpe.weight"}
    table = {ours: f"transformer.{theirs}" for ours, theirs in names.items()}
    for name, theirs in table.items():
        if theirs.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight")):
            table[name] = {"tensor": theirs, "transposed": True}
    return ours, table | (
        {} if config.tie_word_embeddings else {"lm_head.weight": "lm_head.weight"}
    )


def llama(config):
    rope = config.rope_parameters
    rotary = {"theta": rope["rope_theta"]}
    if rope["rope_type"] == "linear":
        rotary["linearFactor"] = rope["factor"]
    elif rope["rope_type"] == "llama3":
        rotary |= {
            "llama3Factor": rope["factor"],
            "lowFrequency": rope["low_freq_factor"],
            "highFrequency": rope["high_freq_factor"],
            "originalMaxLen": rope["original_max_position_embeddings"],
        }
    biases = {"bias": config.attention_bias, "outBias": config.attention_bias}
    ours = model_config(
        config.hidden_size,
        config.num_hidden_layers,
        config.intermediate_size,
        config.num_attention_heads,
        vocabSize=config.vocab_size,
        maxLen=config.max_position_embeddings,
        positions="rotary",
        rotary=rotary,
        normKind="rms",
        norm="pre",
        normEps=config.rms_norm_eps,
        finalNorm=True,
        activation=ACTIVATIONS[config.hidden_act],
        gated=True,
        mlpBias=config.mlp_bias,
        lmHead=True,
        tieEmbeddings=config.tie_word_embeddings,
        attention={
            "numKvHeads": config.num_key_value_heads,
            "dHead": config.head_dim,
            "causal": True,
        }
        | biases,
    )
    attention = {f"attn.{name}": f"self_attn.{name}" for name in ("q_proj", "k_proj", "v_proj")}
    attention |= {"attn.out_proj": "self_attn.o_proj"}
    mlp = {"mlp.gate": "mlp.gate_proj", "mlp.fc1": "mlp.up_proj", "mlp.fc2": "mlp.down_proj"}
    norms = {"norm1": "input_layernorm", "norm2": "post_attention_layernorm"}
    table = pairs(
        each_layer(config, "model.layers", attention | mlp | norms)
        | {"final_norm": "model.norm", "embed.token": "model.embed_tokens"},
        ["weight"],
    )
    for part, wanted in ((attention, config.attention_bias), (mlp, config.mlp_bias)):
        table |= pairs(each_layer(config, "model.layers", part), ["bias"]) if wanted else {}
    return ours, table | (
        {} if config.tie_word_embeddings else {"lm_head.weight": "lm_head.weight"}
    )


def distilbert(config, masked_lm):
    ours = model_config(
        config.dim,
        config.n_layers,
        config.hidden_dim,
        config.n_heads,
        vocabSize=config.vocab_size,
        maxLen=config.max_position_embeddings,
        positions="learned",
        embedNorm=True,
        normEps=1e-12,
        activation=ACTIVATIONS[config.activation],
        maskedLmHead=masked_lm,
    )
    prefix = "distilbert." if masked_lm else ""
    layer = {
        "attn.q_proj": "attention.q_lin",
        "attn.k_proj": "attention.k_lin",
        "attn.v_proj": "attention.v_lin",
        "attn.out_proj": "attention.out_lin",
        "norm1": "sa_layer_norm",
        "mlp.fc1": "ffn.lin1",
        "mlp.fc2": "ffn.lin2",
        "norm2": "output_layer_norm",
    }
    table = pairs(
        each_layer(config, f"{prefix}transformer.layer", layer)
        | {"embed.norm": f"{prefix}embeddings.LayerNorm"}
    )
    table |= {
        f"embed.{kind}.weight": f"{prefix}embeddings.{theirs}_embeddings.weight"
        for kind, theirs in (("token", "word"), ("position", "position"))
    }
    head = pairs({"mlm_head.dense": "vocab_transform", "mlm_head.norm": "vocab_layer_norm"})
    return ours, table | (head | {"mlm_head.bias": "vocab_projector.bias"} if masked_lm else {})


def roberta(config, masked_lm):
    pooler = not masked_lm
    ours = bert.our_config(config, pooler=pooler, masked_lm=masked_lm)
    offset = config.pad_token_id + 1
    ours |= {
        "maxLen": config.max_position_embeddings - offset,
        "positionOffset": offset,
        "padTokenId": config.pad_token_id,
    }
    prefix = "roberta." if masked_lm else ""
    table = {
        name: prefix + theirs
        for name, theirs in bert.our_names(config, AllNames()).items()
        if not name.startswith("mlm_head") and (pooler or not name.startswith("pooler"))
    }
    head = pairs({"mlm_head.dense": "lm_head.dense", "mlm_head.norm": "lm_head.layer_norm"})
    return ours, table | (head | {"mlm_head.bias": "lm_head.bias"} if masked_lm else {})


def longformer(config, masked_lm):
    """RoBERTa with windows and the projections of global tokens."""
    ours, table = roberta(config, masked_lm)
    windows = config.attention_window
    windows = [window // 2 for window in ([windows] if isinstance(windows, int) else windows)]
    attention = ours["attention"] | {
        "window": windows if len(windows) > 1 else windows[0],
        "globalTokens": True,
    }
    table = {name: theirs.replace("roberta.", "longformer.") for name, theirs in table.items()}
    for name, theirs in list(table.items()):
        if any(f"attn.{which}_proj" in name for which in "qkv"):
            where, kind = theirs.rsplit(".", 1)
            table[name.replace("_proj", "_global_proj")] = f"{where}_global.{kind}"
    return ours | {"attention": attention}, table


class AllNames:
    """Holds every name that has no prefix."""

    def __contains__(self, name):
        return True

    def __iter__(self):
        return iter(())


def described(model):
    """A loaded model's config in this project's terms, and {our parameter: its tensor in the file}."""
    masked_lm = type(model).__name__.endswith("ForMaskedLM")
    family = {"gpt2": gpt2, "llama": llama}.get(model.config.model_type)
    if family:
        ours, table = family(model.config)
        if isinstance(model, GPT2Model):
            return ours | {"lmHead": False}, {
                name: shorter(theirs) for name, theirs in table.items()
            }
        return ours, table
    if model.config.model_type == "bert":
        return (
            bert.our_config(model.config, pooler=not masked_lm, masked_lm=masked_lm),
            bert.our_names(model.config, model.state_dict()),
        )
    return {"distilbert": distilbert, "roberta": roberta, "longformer": longformer}[
        model.config.model_type
    ](model.config, masked_lm)


def shorter(theirs):
    """The tensor's name in a file of GPT2Model, which has no prefix."""
    if isinstance(theirs, dict):
        return theirs | {"tensor": shorter(theirs["tensor"])}
    return theirs.removeprefix("transformer.")


class Checkpoints:
    """The checkpoints of the group, in folders below out/checkpoints, and the batches that run through them."""

    def __init__(self, group, out, describe=None):
        self.group = group
        self.describe = describe or described
        self.root = out / "checkpoints"
        self.models = {}

    def add(self, name, about, architecture, config, with_tokenizer=None, refused=None, **saving):
        """refused: fields of config.json with which the family does not load it."""
        folder = self.root / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        model = architecture(config)
        seed = fill(model, f"families/{name}")
        model.save_pretrained(folder, **saving)
        self.models[name] = architecture
        ours, table = self.describe(self.load(name, torch.float32))
        entry = {"about": about, "seed": seed, "config": ours, "parameters": table}
        if with_tokenizer:
            entry["tokenizer"] = with_tokenizer(folder)
        if refused:
            entry["refused"] = refused
        self.group.checkpoints[name] = entry

    def load(self, name, dtype):
        loaded = self.models[name].from_pretrained(self.root / name, attn_implementation="eager")
        return loaded.to(dtype).eval()

    def batch(self, name, about, checkpoint, B=2, T=9, lengths=None, types=False, pad=None):
        """lengths: tokens of each sequence; what follows is padding, of the id `pad` or of random ids."""
        random = Random(f"families/{name}")
        config = self.group.checkpoints[checkpoint]["config"]
        inputs = {
            "inputIds": random.integers(0 if pad is None else pad + 1, config["vocabSize"], B, T)
        }
        if lengths:
            inputs["attentionMask"] = (torch.arange(T) < torch.tensor(lengths)[:, None]).int()
            if pad is not None:
                inputs["inputIds"] = torch.where(
                    inputs["attentionMask"].bool(), inputs["inputIds"], pad
                ).int()
        if types:
            inputs["tokenTypeIds"] = random.integers(0, config["typeVocabSize"], B, T)
        self.group.add(
            name,
            "model",
            about,
            forward,
            inputs=inputs,
            checkpoint=checkpoint,
            seed=random.seed,
            load=lambda dtype: self.load(checkpoint, dtype),
            valid="attentionMask" if lengths else None,
        )

    def clear_prompt(self, name, checkpoint, vocab_size, T, new):
        """The first of the case's random prompts after which no choice is so close that rounding could change it."""
        model = self.load(checkpoint, torch.float64)
        for attempt in range(100):
            random = Random(f"families/{name}/{attempt}")
            inputs = {"inputIds": random.integers(0, vocab_size, 1, T)}
            ids = generate(inputs, model, new, None)
            with torch.no_grad():
                best = model(ids[None, :-1]).logits[0, T - 1 :].topk(2).values
            if (best[:, 0] - best[:, 1]).min() > 1e-2:
                return random, ids
        raise ValueError(f"families/{name}: no clear prompt")

    def generation(self, name, about, checkpoint, T=4, new=16, stop_after=None):
        """Greedy. stop_after: the stop token is the one that comes at this place; else it is the config's."""
        vocab_size = self.group.checkpoints[checkpoint]["config"]["vocabSize"]
        options = {"maxNewTokens": new}
        random, ids = self.clear_prompt(name, checkpoint, vocab_size, T, new)
        inputs = {"inputIds": ids[None, :T].int()}
        if stop_after is not None:
            options["stopTokens"] = [int(ids[T + stop_after])]

        def compute(inputs, model):
            return {"ids": generate(inputs, model, new, options.get("stopTokens")).double()}

        self.group.add(
            name,
            "generation",
            about,
            compute,
            inputs=inputs,
            checkpoint=checkpoint,
            options=options,
            seed=random.seed,
            load=lambda dtype: self.load(checkpoint, dtype),
        )

    def sentences(self, name, about, checkpoint):
        reader = Tokenizer.from_file(str(self.root / checkpoint / "tokenizer.json"))
        encoded = [reader.encode(text).ids for text in SENTENCES]
        longest = max(len(ids) for ids in encoded)

        def compute(_, model):
            pad = model.config.pad_token_id or 0
            ids = torch.tensor([each + [pad] * (longest - len(each)) for each in encoded])
            mask = torch.tensor([[1] * len(each) + [0] * (longest - len(each)) for each in encoded])
            with torch.no_grad():
                hidden = model.base_model(input_ids=ids, attention_mask=mask).last_hidden_state
            mean = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
            return {"embeddings": torch.nn.functional.normalize(mean, dim=-1)}

        self.group.add(
            name,
            "embedding",
            about,
            compute,
            inputs={},
            checkpoint=checkpoint,
            options={"texts": SENTENCES},
            load=lambda dtype: self.load(checkpoint, dtype),
        )


def forward(inputs, model):
    """Everything that a pass of either kind of model returns, by this project's names."""
    arguments = {
        "input_ids": "inputIds",
        "attention_mask": "attentionMask",
        "token_type_ids": "tokenTypeIds",
    }
    given = {theirs: inputs[ours].long() for theirs, ours in arguments.items() if ours in inputs}
    with torch.no_grad():
        body = model.base_model(**given, output_hidden_states=True, output_attentions=True)
        whole = model(**given)
    expected = {"lastHiddenState": body.last_hidden_state}
    if "logits" in whole:
        expected["logits"] = whole.logits
    if getattr(whole, "pooler_output", None) is not None:
        expected["poolerOutput"] = whole.pooler_output
    expected |= {
        f"attentions.{l}": pattern.to(body.last_hidden_state.dtype)
        for l, pattern in enumerate(body.attentions)
    }
    return expected | {f"blocks.{l}.resid_pre": x for l, x in enumerate(body.hidden_states[:-1])}


def generate(inputs, model, new, stop):
    """The prompt and its greedy continuation [T + …]."""
    ids = inputs["inputIds"].long()
    stop = stop if stop is not None else model.config.eos_token_id
    with torch.no_grad():
        return model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=new,
            do_sample=False,
            eos_token_id=stop,
            pad_token_id=0,
        )[0]


def make(out):
    group = Group("families", ABOUT)
    checkpoints = Checkpoints(group, out)
    checkpoint, batch, generation = checkpoints.add, checkpoints.batch, checkpoints.generation
    sentences = checkpoints.sentences

    def word_pieces(folder):
        return tokenizer.expected(folder, tokenizer.save(folder, lowercase=True, with_config=True))

    vocab = len(tokenizer.vocabulary())

    checkpoint(
        "gpt2_odd",
        "odd sizes: D 21, H 3; n_inner null, gelu_new; byte-level tokenizer",
        GPT2LMHeadModel,
        GPT2Config(
            n_embd=21,
            n_head=3,
            n_layer=2,
            n_positions=26,
            vocab_size=byte_tokenizer.SIZE,
            bos_token_id=0,
            eos_token_id=0,
        ),
        with_tokenizer=byte_tokenizer.save,
    )
    batch("gpt2_odd", "one sequence", "gpt2_odd", B=1)
    batch(
        "gpt2_padding", "a batch with padding after the tokens", "gpt2_odd", B=3, lengths=(9, 4, 1)
    )
    batch("gpt2_full_length", "as long as n_positions", "gpt2_odd", B=1, T=26)
    generation("gpt2_greedy", "sixteen tokens", "gpt2_odd")
    generation("gpt2_stop", "until a stop token", "gpt2_odd", stop_after=5)
    checkpoint(
        "gpt2_untied",
        "untied head, unscaled scores, gelu, n_inner 30, eps 1e-3",
        GPT2LMHeadModel,
        GPT2Config(
            n_embd=16,
            n_head=2,
            n_layer=3,
            n_inner=30,
            n_positions=16,
            vocab_size=40,
            bos_token_id=0,
            eos_token_id=39,
            activation_function="gelu",
            scale_attn_weights=False,
            layer_norm_epsilon=1e-3,
            tie_word_embeddings=False,
        ),
    )
    batch("gpt2_untied", "a batch with padding", "gpt2_untied", lengths=(9, 5))
    generation("gpt2_untied_greedy", "until the context is full", "gpt2_untied", T=5, new=12)
    checkpoint(
        "gpt2_body",
        "GPT2Model: no head, no prefix",
        GPT2Model,
        GPT2Config(
            n_embd=8,
            n_head=2,
            n_layer=1,
            n_positions=12,
            vocab_size=20,
            bos_token_id=0,
            eos_token_id=0,
        ),
    )
    batch("gpt2_body", "a batch", "gpt2_body")

    checkpoint(
        "llama_grouped",
        "H 4 on 2 key-value heads, untied head, theta 500",
        LlamaForCausalLM,
        LlamaConfig(
            hidden_size=24,
            num_attention_heads=4,
            num_key_value_heads=2,
            num_hidden_layers=2,
            intermediate_size=33,
            vocab_size=50,
            max_position_embeddings=40,
            bos_token_id=0,
            eos_token_id=49,
            head_dim=6,
            rope_parameters={"rope_type": "default", "rope_theta": 500.0},
        ),
    )
    batch("llama_grouped", "one sequence of 40", "llama_grouped", B=1, T=40)
    batch(
        "llama_padding",
        "a batch with padding after the tokens",
        "llama_grouped",
        B=3,
        lengths=(9, 4, 1),
    )
    generation("llama_greedy", "sixteen tokens", "llama_grouped")
    generation("llama_stop", "until a stop token", "llama_grouped", stop_after=4)
    checkpoint(
        "llama_scaled",
        "llama3 scaling, tied head, biases, one key-value head, K 10 with D 24, gelu; in shards",
        LlamaForCausalLM,
        LlamaConfig(
            hidden_size=24,
            num_attention_heads=3,
            num_key_value_heads=1,
            num_hidden_layers=2,
            intermediate_size=28,
            vocab_size=45,
            max_position_embeddings=64,
            bos_token_id=0,
            eos_token_id=[43, 44],
            head_dim=10,
            hidden_act="gelu",
            attention_bias=True,
            mlp_bias=True,
            tie_word_embeddings=True,
            rms_norm_eps=1e-5,
            rope_parameters={
                "rope_type": "llama3",
                "rope_theta": 100.0,
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 32,
            },
        ),
        max_shard_size="9KB",
    )
    batch("llama_scaled", "one sequence of 64: beyond the original 32", "llama_scaled", B=1, T=64)
    batch("llama_scaled_padding", "a batch with padding", "llama_scaled", lengths=(9, 6))
    generation("llama_scaled_greedy", "thirty tokens", "llama_scaled", new=30)
    checkpoint(
        "llama_linear",
        "linear scaling by 2, every head its own key",
        LlamaForCausalLM,
        LlamaConfig(
            hidden_size=16,
            num_attention_heads=2,
            num_key_value_heads=2,
            num_hidden_layers=1,
            intermediate_size=20,
            vocab_size=30,
            max_position_embeddings=32,
            bos_token_id=0,
            eos_token_id=29,
            head_dim=8,
            rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.0},
        ),
    )
    batch("llama_linear", "one sequence of 32", "llama_linear", B=1, T=32)

    checkpoint(
        "distilbert_base",
        "DistilBertModel, odd sizes: D 15, H 5, F 7; tokenizer",
        DistilBertModel,
        DistilBertConfig(
            dim=15,
            n_heads=5,
            n_layers=2,
            hidden_dim=7,
            vocab_size=vocab,
            max_position_embeddings=40,
        ),
        with_tokenizer=word_pieces,
    )
    batch("distilbert_base", "a batch with padding", "distilbert_base", B=3, lengths=(9, 4, 1))
    sentences("distilbert_sentences", "sentences of different lengths", "distilbert_base")
    checkpoint(
        "distilbert_mlm",
        "DistilBertForMaskedLM, relu, sinusoidal positions as saved",
        DistilBertForMaskedLM,
        DistilBertConfig(
            dim=16,
            n_heads=2,
            n_layers=2,
            hidden_dim=30,
            vocab_size=40,
            max_position_embeddings=20,
            activation="relu",
            sinusoidal_pos_embds=True,
        ),
    )
    batch("distilbert_mlm", "a batch with padding", "distilbert_mlm", lengths=(9, 6))

    checkpoint(
        "roberta_base",
        "RobertaModel with pooler, pad id 0, two token types; tokenizer",
        RobertaModel,
        RobertaConfig(
            hidden_size=18,
            num_attention_heads=3,
            num_hidden_layers=2,
            intermediate_size=25,
            vocab_size=vocab,
            max_position_embeddings=41,
            type_vocab_size=2,
            pad_token_id=0,
            layer_norm_eps=1e-5,
        ),
        with_tokenizer=word_pieces,
    )
    batch(
        "roberta_base",
        "padding with pad ids, token types",
        "roberta_base",
        B=3,
        lengths=(9, 4, 1),
        types=True,
        pad=0,
    )
    sentences("roberta_sentences", "sentences of different lengths", "roberta_base")
    checkpoint(
        "roberta_mlm",
        "RobertaForMaskedLM, pad id 1, one token type, exactly max_len positions",
        RobertaForMaskedLM,
        RobertaConfig(
            hidden_size=16,
            num_attention_heads=2,
            num_hidden_layers=2,
            intermediate_size=30,
            vocab_size=40,
            max_position_embeddings=14,
            type_vocab_size=1,
            pad_token_id=1,
            layer_norm_eps=1e-5,
        ),
    )
    batch(
        "roberta_mlm",
        "padding with pad ids, full length",
        "roberta_mlm",
        T=12,
        lengths=(12, 6),
        pad=1,
    )
    batch(
        "roberta_pads_inside",
        "pad ids among the tokens: they take no position",
        "roberta_mlm",
        T=12,
    )

    checkpoint(
        "bert_sentences",
        "BertModel as a sentence encoder; tokenizer",
        BertModel,
        BertConfig(
            hidden_size=16,
            num_attention_heads=2,
            num_hidden_layers=2,
            intermediate_size=24,
            vocab_size=vocab,
            max_position_embeddings=40,
        ),
        with_tokenizer=word_pieces,
    )
    sentences("bert_sentences", "sentences of different lengths", "bert_sentences")
    return group
