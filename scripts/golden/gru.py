"""torch.nn.GRU, and the Jacobian of every state by every input from autograd."""

import torch
from torch import nn

from golden.case import Group, Random

ABOUT = (
    "torch.nn.GRU (batch_first, h0 = 0): states, and influence[b, t, s], the Frobenius norm of ∂h_t/∂x_s by "
    "torch.autograd.functional.jacobian. r, z and n: the same equations in PyTorch, once they give the same states."
)


def network(parameters, config, dtype):
    gru = nn.GRU(
        config["inputSize"],
        config["hiddenSize"],
        config["numLayers"],
        batch_first=True,
        dtype=dtype,
    )
    gru.load_state_dict(
        {name: tensor for name, tensor in parameters.items() if not name.startswith("embed")}
    )
    return gru.requires_grad_(False)


def gates(x, parameters, layer):
    """r, z, n and h of every step of one layer, from its inputs x [B, T, I]."""
    w_ih, w_hh, b_ih, b_hh = (
        parameters[f"{name}_l{layer}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    h = torch.zeros(x.shape[0], w_hh.shape[1], dtype=x.dtype)
    steps = []
    for step in x.unbind(1):
        i_r, i_z, i_n = (step @ w_ih.T + b_ih).chunk(3, -1)
        h_r, h_z, h_n = (h @ w_hh.T + b_hh).chunk(3, -1)
        r, z = torch.sigmoid(i_r + h_r), torch.sigmoid(i_z + h_z)
        n = torch.tanh(i_n + r * h_n)
        h = (1 - z) * n + z * h
        steps.append((r, z, n, h))
    return {name: torch.stack(values, 1) for name, values in zip("rznh", zip(*steps))}


def influence(gru, x):
    """[B, T, T]"""
    rows = []
    for sequence in x:
        jacobian = torch.autograd.functional.jacobian(
            lambda each: gru(each[None])[0][0], sequence
        )  # [T, D, T, I]
        rows.append(jacobian.square().sum((1, 3)).sqrt())
    return torch.stack(rows)


def reference(config):
    def compute(inputs, parameters):
        x = (
            inputs["inputsEmbeds"]
            if "inputsEmbeds" in inputs
            else parameters["embed.token.weight"][inputs["inputIds"].long()]
        )
        gru = network(parameters, config, x.dtype)
        states = gru(x)[0]
        expected = {"lastHiddenState": states, "influence": influence(gru, x)}
        below = x
        for layer in range(config["numLayers"]):
            made = gates(below, parameters, layer)
            expected |= {f"layers.{layer}.{name}": value for name, value in made.items()}
            below = made["h"]
        eps = torch.finfo(x.dtype).eps
        torch.testing.assert_close(below, states, rtol=1000 * eps, atol=1000 * eps)
        return expected

    return compute


def make():
    group = Group("gru", ABOUT)

    def add(name, about, B, T, *, vocab=0, I, D, layers=1, gain=1.0):
        random = Random(f"gru/{name}")
        config = {"vocabSize": vocab, "inputSize": I, "hiddenSize": D, "numLayers": layers}
        parameters = {"embed.token.weight": random.normal(vocab, I)} if vocab else {}
        for layer in range(layers):
            width = I if layer == 0 else D
            parameters |= {
                f"weight_ih_l{layer}": random.linear(3 * D, width, gain),
                f"weight_hh_l{layer}": random.linear(3 * D, D, gain),
                f"bias_ih_l{layer}": random.normal(3 * D, std=0.3),
                f"bias_hh_l{layer}": random.normal(3 * D, std=0.3),
            }
        inputs = (
            {"inputIds": random.integers(0, vocab, B, T)}
            if vocab
            else {"inputsEmbeds": random.normal(B, T, I)}
        )
        group.add(
            name,
            "recurrent",
            about,
            reference(config),
            inputs=inputs,
            parameters=parameters,
            config=config,
            seed=random.seed,
        )

    add("ids", "token ids, a batch, I ≠ D", 2, 9, vocab=11, I=6, D=10)
    add("vectors", "vectors in place of ids", 3, 7, I=5, D=5)
    add("stacked", "three layers", 2, 8, vocab=7, I=4, D=6, layers=3, gain=1.5)
    add(
        "long",
        "forty steps, small weights: the influence of the first token dies away",
        1,
        40,
        I=3,
        D=8,
        gain=0.5,
    )
    add("large", "large weights: saturated gates", 1, 10, I=4, D=7, gain=4.0)
    add("one_step", "T = 1", 2, 1, vocab=5, I=3, D=4)
    add("one_unit", "D = 1", 1, 6, I=2, D=1)
    return group
