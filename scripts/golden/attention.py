"""Scaled dot-product attention without learned weights: rt.attention and cpp/nn's attention."""

import math

import torch
from torch.nn import functional as F

from golden.case import Group, Random
from golden.reference import agree, softmax_or_zeros

ABOUT = (
    "output: torch.nn.functional.scaled_dot_product_attention; scores, pattern and other score functions: their "
    "equations in PyTorch. Fully masked rows give zeros here: torch's softmax gives NaN for them, which is mapped "
    "to 0. is_causal is PyTorch's: query t sees keys s ≤ t, also where T ≠ S. scores are scaled and divided by the "
    "temperature, before bias and mask; masked scores are −∞."
)

GENERAL = {"kind": "general", "w": "tensor:w"}
ADDITIVE = {"kind": "additive", "wq": "tensor:wq", "wk": "tensor:wk", "v": "tensor:score_v"}


def allowed_cells(options, inputs, queries, keys):
    """Boolean, broadcast to [..., T, S]: what causal, window and mask leave."""
    t, s = torch.arange(queries)[:, None], torch.arange(keys)[None, :]
    allowed = torch.ones(queries, keys, dtype=torch.bool)
    if options.get("causal"):
        allowed &= s <= t
    if "window" in options:
        allowed &= (t - s).abs() <= options["window"]
    return allowed & inputs["mask"] if "mask" in inputs else allowed


def raw_scores(q, k, inputs, score):
    if score == "general":  # Luong et al. 2015, arXiv:1508.04025, section 3.1
        return q @ inputs["w"] @ k.transpose(-2, -1)
    if score == "additive":  # Bahdanau et al. 2015, arXiv:1409.0473, appendix A.1.2
        hidden = (q @ inputs["wq"].T).unsqueeze(-2) + (k @ inputs["wk"].T).unsqueeze(-3)
        return torch.tanh(hidden) @ inputs["score_v"]
    return q @ k.transpose(-2, -1)


def reference(options):
    def compute(inputs, _):
        q, k, v = inputs["q"], inputs["k"], inputs["v"]
        score = options.get("score", "scaled-dot")
        score = score["kind"] if isinstance(score, dict) else score
        default_scale = q.shape[-1] ** -0.5 if score == "scaled-dot" else 1.0
        scale = options.get("scale", default_scale)
        scores = raw_scores(q, k, inputs, score) * scale / options.get("temperature", 1.0)
        allowed = allowed_cells(options, inputs, q.shape[-2], k.shape[-2])
        masked = scores + inputs["bias"] if "bias" in inputs else scores
        masked = masked.masked_fill(~allowed, -math.inf)
        pattern = (
            masked.masked_fill(masked == -math.inf, 0.0)
            if options.get("normalisation") == "none"
            else softmax_or_zeros(masked)
        )
        output = pattern @ v

        if score in ("scaled-dot", "dot") and "normalisation" not in options:
            # PyTorch takes one mask, boolean or float; the causal flag alone goes through its own path.
            if set(options) & {"mask", "bias", "window"}:
                extra = {
                    "attn_mask": torch.where(
                        allowed, inputs.get("bias", torch.zeros((), dtype=q.dtype)), -math.inf
                    )
                }
            else:
                extra = {"is_causal": bool(options.get("causal"))}
            torch_output = F.scaled_dot_product_attention(
                q, k, v, scale=scale / options.get("temperature", 1.0), **extra
            )
            fully_masked = (masked == -math.inf).all(dim=-1, keepdim=True)
            torch_output = torch.where(fully_masked, 0.0, torch_output)
            agree("scaled_dot_product_attention", output, torch_output)
            output = torch_output
        return {"output": output, "scores": scores, "maskedScores": masked, "pattern": pattern}

    return compute


def make():
    group = Group("attention", ABOUT)

    def add(
        name,
        about,
        lead=(),
        T=5,
        S=7,
        K=8,
        Kv=6,
        mask=None,
        bias=None,
        values=None,
        extra=None,
        **options,
    ):
        """mask, bias: functions of the case's Random that give the tensor."""
        random = Random(f"attention/{name}")
        inputs = values or {
            "q": random.normal(*lead, T, K),
            "k": random.normal(*lead, S, K),
            "v": random.normal(*lead, S, Kv),
        }
        if mask:
            inputs["mask"] = mask(random)
            options["mask"] = "tensor:mask"
        if bias:
            inputs["bias"] = bias(random)
            options["bias"] = "tensor:bias"
        inputs |= extra(random) if extra else {}
        group.add(
            name,
            "attention",
            about,
            reference(options),
            inputs=inputs,
            options=options,
            seed=random.seed,
        )

    add("rectangular", "T ≠ S and K ≠ Kv, nothing else")
    add("square", "T = S", T=6, S=6)
    add("one_query", "T = 1", T=1)
    add("one_key", "S = 1: every pattern is 1", S=1)
    add("one_by_one", "T = S = K = Kv = 1", T=1, S=1, K=1, Kv=1)
    add("odd_sizes", "sizes that no vector width divides", T=13, S=17, K=11, Kv=3)
    add("wide", "longer than a tile of any kernel", T=70, S=131, K=33, Kv=20)
    add("causal", "causal, T = S", T=6, S=6, causal=True)
    add("causal_more_keys", "causal, S > T: top-left, keys beyond T are never seen", causal=True)
    add("causal_more_queries", "causal, T > S: later queries see every key", T=9, S=4, causal=True)
    add("causal_long", "causal over several tiles", T=67, S=67, K=16, Kv=16, causal=True)
    add("window", "|t − s| ≤ 2", T=9, S=9, window=2)
    add("window_causal", "|t − s| ≤ 3 and s ≤ t", T=9, S=9, window=3, causal=True)
    add("window_zero", "|t − s| ≤ 0, T > S: queries without a key give zeros", T=6, S=4, window=0)

    add(
        "mask",
        "boolean [T, S]; no row is fully masked",
        mask=lambda r: r.bits(5, 7) | (torch.arange(7) == 3),
    )
    add(
        "mask_padding",
        "key padding as a mask: the last three keys",
        mask=lambda r: (torch.arange(7) < 4).expand(5, 7),
    )

    def with_dead_rows(r):
        mask = r.bits(5, 7)
        mask[1] = mask[4] = False
        return mask

    add("mask_dead_rows", "rows 1 and 4 are fully masked: zeros", mask=with_dead_rows)
    add(
        "mask_nothing",
        "every cell masked: all zeros",
        mask=lambda r: torch.zeros(5, 7, dtype=torch.bool),
    )
    add(
        "mask_and_causal",
        "a boolean mask and causal together",
        T=6,
        S=6,
        causal=True,
        mask=lambda r: r.bits(6, 6, probability=0.7),
    )
    add("bias", "a float bias", bias=lambda r: r.normal(5, 7))

    def bias_with_infinities(*shape):
        return lambda r: r.normal(*shape).masked_fill(r.bits(*shape, probability=0.3), -math.inf)

    add("bias_infinite", "a float bias with −∞", bias=bias_with_infinities(5, 7))
    add(
        "bias_infinite_row",
        "a bias of −∞ in all of row 2: zeros",
        bias=lambda r: r.normal(5, 7).index_fill(0, torch.tensor(2), -math.inf),
    )
    add(
        "bias_and_mask",
        "bias, mask and causal together",
        T=6,
        S=6,
        causal=True,
        bias=bias_with_infinities(6, 6),
        mask=lambda r: r.bits(6, 6, probability=0.8),
    )

    add("scale", "scale 0.3 instead of 1/√K", scale=0.3)
    add("scale_zero", "scale 0: a uniform pattern", scale=0.0)
    add("temperature", "temperature 2.5", temperature=2.5)
    add(
        "temperature_low",
        "temperature 0.1 with a bias, which it does not divide",
        temperature=0.1,
        bias=lambda r: r.normal(5, 7),
    )
    add("dot", "dot: scale 1", score="dot")
    add("dot_scale", "dot with a scale of its own", score="dot", scale=0.7)
    add("general", "Luong's q W k, W square", score=GENERAL, extra=lambda r: {"w": r.linear(8, 8)})
    add(
        "general_causal_temperature",
        "Luong's q W k, causal, temperature 1.7",
        score=GENERAL,
        T=6,
        S=6,
        causal=True,
        temperature=1.7,
        extra=lambda r: {"w": r.linear(8, 8)},
    )
    add(
        "additive",
        "Bahdanau's v · tanh(Wq q + Wk k)",
        score=ADDITIVE,
        extra=lambda r: {"wq": r.linear(10, 8), "wk": r.linear(10, 8), "score_v": r.normal(10)},
    )
    add(
        "additive_mask",
        "Bahdanau's with a mask that has dead rows, and a batch",
        score=ADDITIVE,
        lead=(2,),
        mask=with_dead_rows,
        extra=lambda r: {"wq": r.linear(9, 8), "wk": r.linear(9, 8), "score_v": r.normal(9)},
    )

    def uneven(kk):
        r = Random("attention/uneven")
        return {"q": r.normal(5, 8), "k": r.normal(7, kk), "v": r.normal(7, 6)}

    add(
        "general_uneven",
        "Luong's with keys of another width: W [8, 3]",
        score=GENERAL,
        values=uneven(3),
        extra=lambda r: {"w": r.linear(8, 3)},
    )
    add(
        "additive_uneven",
        "Bahdanau's with keys of another width",
        score=ADDITIVE,
        values=uneven(5),
        extra=lambda r: {"wq": r.linear(4, 8), "wk": r.linear(4, 5), "score_v": r.normal(4)},
    )
    add("unnormalised", "normalisation none: the weights are the scores", normalisation="none")
    add(
        "unnormalised_dot_bias",
        "normalisation none with dot and a bias",
        normalisation="none",
        score="dot",
        bias=lambda r: r.normal(5, 7),
    )
    add(
        "unnormalised_causal",
        "normalisation none and causal: a masked weight is 0",
        normalisation="none",
        causal=True,
        T=6,
        S=6,
    )

    add("batch", "leading axis B", lead=(3,))
    add(
        "batch_heads",
        "leading axes B, H; one mask [T, S] for all",
        lead=(2, 3),
        mask=lambda r: r.bits(5, 7) | (torch.arange(7) == 0),
    )
    add(
        "batch_heads_mask",
        "leading axes B, H; a mask for each",
        lead=(2, 3),
        mask=lambda r: r.bits(2, 3, 5, 7),
    )
    add(
        "batch_mask",
        "leading axis B; a mask for each",
        lead=(3,),
        causal=True,
        mask=lambda r: r.bits(3, 5, 7, probability=0.8),
    )
    add(
        "batch_bias",
        "leading axes B, H; a bias for each",
        lead=(2, 3),
        bias=lambda r: r.normal(2, 3, 5, 7),
    )
    add("deep_batch", "three leading axes", lead=(2, 1, 3), T=3, S=4)

    # Whole numbers keep the products exact in float32, so that huge scores test the softmax and nothing else.
    def whole(name):
        r = Random(f"attention/{name}")
        return {
            "q": r.integers(-50, 51, 5, 4).double(),
            "k": r.integers(-50, 51, 7, 4).double(),
            "v": r.normal(7, 6),
        }

    add("huge_scores", "scores up to about ±5,000", values=whole("huge_scores"), score="dot")
    add(
        "offset_scores",
        "a bias of 10,000 on every score cancels",
        values=whole("offset_scores"),
        score="dot",
        bias=lambda r: torch.full((5, 7), 10000.0, dtype=torch.float64),
    )
    return group
