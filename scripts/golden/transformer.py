"""Whole transformers in plain PyTorch: the equations of docs/layers.md under this project's names, for every option that trains.

What gradients are compared with where Transformers has no model of that kind. It knows no module of PyTorch's: autograd and
finite differences go through these lines. Shapes: B batch, T queries, S keys, H heads, G of them with keys of their own, K d_head.
"""

import math

import torch
from transformers.models.t5.modeling_t5 import T5Attention

from golden.positions import alibi
from golden.reference import ACTIVATIONS, softmax_or_zeros, split_heads
from golden.transformer_xl import sinusoids as sinusoids_of


class Parameters:
    """By name; with `random`, one that is not there is made when the forward pass first asks for it."""

    def __init__(self, values, random=None):
        self.values, self.random = values, random

    def __call__(self, name, *dims, mean=0.0, std=0.3):
        if self.random and name not in self.values:
            self.values[name] = self.random.normal(*dims, mean=mean, std=std)
        return self.values[name]


def sinusoids(length, D, halves):
    """sin(p / 10000^(2i/D)) and the cosine: alternating, or all sines first.   [length, D]"""
    angles = torch.arange(length, dtype=torch.float64)[:, None] / 10000 ** (
        torch.arange(0, D, 2, dtype=torch.float64) / D
    )
    pair = torch.stack((angles.sin(), angles.cos()), dim=1 if halves else 2)
    return pair.flatten(1)


def rotated(x, numbers=0):
    """Pairs (x_i, x_{i+K/2}) rotated by p · 10000^(−2i/K); with `numbers`, the first K numbers alone.   x: [B, H, T, K]"""
    if numbers:
        x, rest = x[..., :numbers], x[..., numbers:]
        return torch.cat((rotated(x), rest), dim=-1)
    T, K = x.shape[-2:]
    angles = torch.arange(T, dtype=x.dtype)[:, None] * 10000 ** (
        -torch.arange(0, K, 2, dtype=x.dtype) / K
    )
    first, second = x.chunk(2, dim=-1)
    return torch.cat(
        (
            first * angles.cos() - second * angles.sin(),
            second * angles.cos() + first * angles.sin(),
        ),
        dim=-1,
    )


class Stack:
    """One stack; produced(name, x) → x sees and may change every activation."""

    def __init__(self, config, prefix, parameter, produced, is_decoder=False):
        self.config, self.prefix, self.parameter, self.is_decoder = (
            config,
            prefix,
            parameter,
            is_decoder,
        )
        self.produced = lambda name, x: produced(prefix + name, x)

    def linear(self, x, name, out, bias=True):
        y = x @ self.parameter(f"{name}.weight", out, x.shape[-1], std=1.2 * x.shape[-1] ** -0.5).T
        return y + self.parameter(f"{name}.bias", out) if bias else y

    def norm(self, x, name):
        D, eps = x.shape[-1], self.config["normEps"]
        gain = self.parameter(f"{name}.weight", D, mean=1.0)
        if self.config.get("normKind") == "rms":
            return x * (x.square().mean(-1, keepdim=True) + eps).rsqrt() * gain
        centred = x - x.mean(-1, keepdim=True)
        normal = centred * (centred.square().mean(-1, keepdim=True) + eps).rsqrt()
        return normal * gain + self.parameter(f"{name}.bias", D)

    def rotated(self, q, k):
        numbers = self.config.get("rotary", {}).get("dRotary", 0)
        return rotated(q, numbers), rotated(k, numbers)

    def norm_of_heads(self, x, name):
        """An RMSNorm of each head's K numbers.   x: [B, H, T, K]"""
        gain = self.parameter(f"{name}.weight", x.shape[-1], mean=1.0)
        return x * (x.square().mean(-1, keepdim=True) + self.config["normEps"]).rsqrt() * gain

    def projections(self, query, context, name, suffix="_proj"):
        """q [B, H, T, K], k and v [B, G, S, K]"""
        a = self.config["attention"]
        H, G, K = a["numHeads"], a.get("numKvHeads", a["numHeads"]), a["dHead"]
        if a["sharedHeads"]:
            return [
                self.linear(split_heads(x, H), f"{name}{part}{suffix}", K, a["bias"])
                for x, part in ((query, "q"), (context, "k"), (context, "v"))
            ]
        if a["fused"]:
            D, sizes = query.shape[-1], (H * K, G * K, G * K)
            weights = self.parameter(
                f"{name}qkv{suffix}.weight", sum(sizes), D, std=1.2 * D**-0.5
            ).split(sizes)
            biases = (
                self.parameter(f"{name}qkv{suffix}.bias", sum(sizes)).split(sizes)
                if a["bias"]
                else (0.0,) * 3
            )
            return [
                split_heads(x @ w.T + b, heads)
                for x, w, b, heads in zip((query, context, context), weights, biases, (H, G, G))
            ]
        return [
            split_heads(self.linear(x, f"{name}{part}{suffix}", heads * K, a["bias"]), heads)
            for x, part, heads in ((query, "q", H), (context, "k", G), (context, "v", G))
        ]

    def position_scores(self, q, name, S):
        """Dai et al. 2019, section 3.3, pair by pair: the terms (b) and (d), and u of term (c).   [B, H, T, S], [H, 1, K]"""
        (H, T, K), D = q.shape[1:], self.config["dModel"]
        distances = S - T + torch.arange(T)[:, None] - torch.arange(S)
        r = self.linear(
            sinusoids_of(distances, D, q.dtype), f"{name}r_proj", H * K, bias=False
        ).unflatten(-1, (H, K))
        u, v = (
            self.parameter(f"{name}{which}_bias", H, K, std=0.5)[:, None]
            for which in ("content", "position")
        )
        return torch.einsum("bhtk,tshk->bhts", q + v, r), u

    def t5_bias(self, H, T, S):
        """table[bucket(s − t), h]   [1, H, T, S]"""
        c = self.config["t5Bias"]
        buckets = T5Attention._relative_position_bucket(
            torch.arange(S) - torch.arange(T)[:, None],
            c["bidirectional"],
            c["numBuckets"],
            c["maxDistance"],
        )
        return self.parameter(f"{self.prefix}position_bias.weight", c["numBuckets"], H, std=0.5)[
            buckets
        ].permute(2, 0, 1)[None]

    def attention(self, query, context, name, allowed, is_cross=False, is_global=None):
        """Vaswani et al. 2017, section 3.2; allowed [B, 1, T, S]. is_global [B, T]: Beltagy et al. 2020, section 3.1."""
        a, at = self.config["attention"], lambda part, x: self.produced(name + part, x)
        q, k, v = self.projections(query, context, self.prefix + name)
        if a.get("qkNorm") and not is_cross:
            q, k = (
                self.norm_of_heads(x, f"{self.prefix}{name}{part}_norm")
                for x, part in ((q, "q"), (k, "k"))
            )
        if self.config["positions"] == "rotary" and not is_cross:
            q, k = self.rotated(q, k)
        q, k, v = at("q", q), at("k", k), at("v", v)
        H, T, S = q.shape[1], q.shape[2], k.shape[2]
        for_each_head = lambda *tensors: (
            x.repeat_interleave(H // x.shape[1], dim=1) for x in tensors
        )
        k, v = for_each_head(k, v)
        divisor = {
            "d_head": q.shape[-1] ** 0.5,
            "d_model": self.config["dModel"] ** 0.5,
            "none": 1.0,
        }[a["scaleBy"]]
        positions = "none" if is_cross else self.config["positions"]
        if positions == "transformer_xl":
            terms, content_bias = self.position_scores(q, self.prefix + name, S)
            scores = (q + content_bias) @ k.transpose(-2, -1) + terms
        else:
            scores = q @ k.transpose(-2, -1)
        if is_global is not None:
            q_, k_, v_ = self.projections(query, context, self.prefix + name, "_global_proj")
            if positions == "rotary":
                q_, k_ = self.rotated(q_, k_)
            q_, k_, v_ = at("q_global", q_), at("k_global", k_), at("v_global", v_)
            k_, v_ = for_each_head(k_, v_)
            rows = is_global[:, None, :, None]
            scores = torch.where(rows, q_ @ k_.transpose(-2, -1), scores)
        scores = masked = at("scores", scores / divisor)
        if positions == "alibi":
            masked = masked + alibi(H, T, S).to(masked.dtype)
        if positions == "t5_bias":
            masked = masked + self.t5_bias(H, T, S)
        masked = at("masked_scores", masked.masked_fill(~allowed, a.get("maskedValue", -math.inf)))
        pattern = at(
            "pattern", masked if a["normalisation"] == "none" else softmax_or_zeros(masked)
        )
        z = pattern @ v if is_global is None else torch.where(rows, pattern @ v_, pattern @ v)
        joined = at("z", z).transpose(1, 2).flatten(2)
        return at(
            "out",
            self.linear(joined, f"{self.prefix}{name}out_proj", self.config["dModel"], a["outBias"])
            if a["outProjection"]
            else joined,
        )

    def feed_forward(self, x, name):
        c, at = self.config, lambda part, x: self.produced(f"{name}.{part}", x)
        layer = lambda x, part, out: self.linear(
            x, f"{self.prefix}{name}.{part}", out, c.get("mlpBias", True)
        )
        f = ACTIVATIONS[c["activation"]]
        if c.get("gated"):
            pre, linear = (
                at("pre", layer(x, "gate", c["dFf"])),
                at("pre_linear", layer(x, "fc1", c["dFf"])),
            )
            post = f(pre) * linear
        else:
            post = f(at("pre", layer(x, "fc1", c["dFf"])))
        return at("out", layer(at("post", post), "fc2", c["dModel"]))

    def block(self, x, l, allowed, encoder_states, encoder_allowed, mems=None, is_global=None):
        """mems [B, M, D]: what entered this block for the tokens before, a constant: Dai et al. 2019, section 3.2."""
        c, block = self.config, f"blocks.{l}."
        x = self.produced(f"{block}resid_pre", x)
        norm = lambda x, i: self.norm(x, f"{self.prefix}{block}norm{i}")

        def attend(y, name):
            before = [] if mems is None else [norm(mems, 1) if c["norm"] == "pre" else mems]
            return self.attention(
                y, torch.cat([*before, y], dim=1), f"{block}{name}.", allowed, is_global=is_global
            )

        if c["feedForward"] == "linear_of_sum":
            x = self.produced(f"{block}resid_mid", x + attend(x, "attn"))
            return self.produced(
                f"{block}resid_post",
                norm(self.linear(x, f"{self.prefix}{block}linear", c["dModel"]), 1),
            )
        if c["norm"] == "parallel":
            by_mlp = lambda: self.feed_forward(norm(x, 2), f"{block}mlp")
            mid = self.produced(f"{block}resid_mid", x + attend(norm(x, 1), "attn"))
            return self.produced(f"{block}resid_post", mid + by_mlp())
        sublayers = [("resid_mid", lambda y: attend(y, "self_attn" if self.is_decoder else "attn"))]
        if self.is_decoder:
            sublayers.append(
                (
                    "resid_cross",
                    lambda y: self.attention(
                        y, encoder_states, f"{block}cross_attn.", encoder_allowed, True
                    ),
                )
            )
        sublayers.append(("resid_post", lambda y: self.feed_forward(y, f"{block}mlp")))
        for i, (name, f) in enumerate(sublayers, 1):
            x = self.produced(
                block + name, x + f(norm(x, i)) if c["norm"] == "pre" else norm(x + f(x), i)
            )
        return x

    def embedding_width(self):
        return self.config.get("dEmbed") or self.config["dModel"]

    def positions(self, ids, B, T):
        """[B, T, D]; of learned ones the rows of tokens that are padding do not count."""
        c, D = self.config, self.embedding_width()
        if c["positions"] == "learned":
            offset, pad = c.get("positionOffset", 0), c.get("padTokenId", -1)
            table = self.parameter(f"{self.prefix}embed.position.weight", c["maxLen"] + offset, D)
            counted = (
                torch.ones(B, T, dtype=torch.long)
                if ids is None or pad < 0
                else (ids != pad).long()
            )
            return table[torch.where(counted > 0, counted.cumsum(1) - 1 + offset, pad)]
        return sinusoids(T, D, c["positions"] == "sinusoidal_halves").expand(B, T, D)

    def embeddings(self, ids, embeds, types, pixels, tokens):
        c, D = self.config, self.embedding_width()
        if pixels is not None:
            (h, w), channels = c["image"]["patchSize"], c["image"]["channels"]
            patches = (
                pixels.unfold(2, h, h)
                .unfold(3, w, w)
                .permute(0, 2, 3, 1, 4, 5)
                .flatten(3)
                .flatten(1, 2)
            )
            weight = self.parameter(f"{self.prefix}embed.patch.weight", D, channels, h, w)
            patches = patches @ weight.flatten(1).T + self.parameter(
                f"{self.prefix}embed.patch.bias", D
            )
            x = torch.cat(
                (
                    self.parameter(f"{self.prefix}embed.class_token", D).expand(len(pixels), 1, D),
                    patches,
                ),
                dim=1,
            )
        else:
            x = embeds if ids is None else tokens[ids.long()] * c.get("embedScale", 1.0)
        if pixels is not None or tokens is not None:
            x = self.produced("embed", x)
        B, T = x.shape[:2]
        if c["positions"] in ("learned", "sinusoidal", "sinusoidal_halves"):
            x = x + self.produced("pos_embed", self.positions(ids, B, T).to(x.dtype))
        if c["typeVocabSize"]:
            table = self.parameter(f"{self.prefix}embed.token_type.weight", c["typeVocabSize"], D)
            x = x + self.produced(
                "token_type_embed",
                table[torch.zeros(B, T, dtype=torch.long) if types is None else types.long()],
            )
        x = self.norm(x, f"{self.prefix}embed.norm") if c["embedNorm"] else x
        if not c.get("dEmbed"):
            return x
        return self.linear(x, f"{self.prefix}embed.projection", c["dModel"])

    def forward(self, x, padding, encoder_states=None, encoder_padding=None, mems=None, marks=None):
        """padding [B, T]: 1 = a token. mems: [B, M, D] for each layer. marks [B, T]: 1 = a global token."""
        a, (B, T) = self.config["attention"], x.shape[:2]
        M = mems[0].shape[1] if mems else 0
        keys = lambda mask, S: torch.ones(B, S) if mask is None else mask
        is_global = None if marks is None else (marks > 0) & (keys(padding, T) > 0)
        for l in range(self.config["numLayers"]):
            allowed = (torch.cat((torch.ones(B, M), keys(padding, T)), dim=1) > 0)[
                :, None, None
            ].expand(B, 1, T, M + T)
            distance = M + torch.arange(T)[:, None] - torch.arange(M + T)
            if a["causal"]:
                allowed = allowed & (distance >= 0)
            if (window := a.get("window")) is not None:
                near = (
                    distance.abs() <= (window[l] if isinstance(window, list) else window)
                ).expand(B, 1, T, M + T)
                if marks is not None:
                    near = near | is_global[:, None, :, None] | is_global[:, None, None]
                allowed = allowed & near
            over = (
                None
                if encoder_states is None
                else (keys(encoder_padding, encoder_states.shape[1]) > 0)[:, None, None]
            )
            x = self.block(
                x, l, allowed, encoder_states, over, mems[l] if mems else None, is_global
            )
        return (
            self.produced("final_norm", self.norm(x, f"{self.prefix}final_norm"))
            if self.config["finalNorm"]
            else x
        )


def logits(config, inputs, parameter, produced):
    """[B, T, V], or [B, numLabels] of a classifier."""
    D, encoder = config["dModel"], config.get("encoder")
    main = Stack(
        config, "decoder." if encoder else "", parameter, produced, is_decoder=bool(encoder)
    )
    given = {"attentionMask": None} | inputs

    def table(of, prefix):
        if config.get("shareEmbeddings"):
            prefix = ""
        return (
            parameter(
                f"{prefix}embed.token.weight", of["vocabSize"], of.get("dEmbed") or D, std=0.8
            )
            if of["vocabSize"]
            else None
        )

    def embedded(stack, ids, embeds=None, types=None, pixels=None):
        return stack.embeddings(
            given.get(ids),
            given.get(embeds),
            given.get(types),
            given.get(pixels),
            table(stack.config, stack.prefix),
        )

    if encoder:
        first = Stack(encoder | {"dModel": D}, "encoder.", parameter, produced)
        encoder_states = first.forward(
            embedded(first, "inputIds"),
            given["attentionMask"],
            marks=given.get("globalAttentionMask"),
        )
        x = main.forward(
            embedded(main, "decoderInputIds"),
            given.get("decoderAttentionMask"),
            encoder_states,
            given["attentionMask"],
        )
    else:
        mems = (
            [inputs[f"mems.{l}"] for l in range(config["numLayers"])]
            if "mems.0" in inputs
            else None
        )
        x = main.forward(
            embedded(main, "inputIds", "inputsEmbeds", "tokenTypeIds", "pixelValues"),
            given["attentionMask"],
            mems=mems,
            marks=given.get("globalAttentionMask"),
        )
    if config.get("numLabels"):
        return produced("logits", main.linear(x[:, 0], "classifier", config["numLabels"]))
    head = "mlm_head." if config["maskedLmHead"] else "lm_head."
    if config["maskedLmHead"]:
        x = main.norm(
            ACTIVATIONS[config["activation"]](
                main.linear(x, "mlm_head.dense", main.embedding_width())
            ),
            "mlm_head.norm",
        )
    else:
        x = x * config.get("logitScale", 1.0)
    V = config["vocabSize"]
    untied = f"{head}decoder.weight" if config["maskedLmHead"] else f"{head}weight"
    y = (
        x
        @ (
            table(config, main.prefix)
            if config.get("tieEmbeddings", True)
            else parameter(untied, V, x.shape[-1], std=D**-0.5)
        ).T
    )
    return produced(
        "logits",
        y + parameter(f"{head}bias", V)
        if config["maskedLmHead"] or config.get("lmHeadBias")
        else y,
    )
