"""Checkpoints of ViT and what Transformers computes with them, and pictures as its image processor prepares them.

The reference of pictures is ViTImageProcessorPil, the processor that resizes with PIL. (Torchvision's resizes with other
rounding: its bytes differ by one here and there.)
"""

import shutil

import numpy as np
import PIL.Image
import torch
from transformers import ViTConfig, ViTForImageClassification, ViTModel
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from golden.bert import ACTIVATIONS
from golden.case import Group, Random
from golden.encoder import model_config
from golden.families import each_layer, pairs

ABOUT = (
    "transformers' ViTModel and ViTForImageClassification, eager attention, weights as saved and then float64 (softmax in "
    "float32, as Transformers insists). blocks.l.resid_pre is hidden_states[l]. pictures: ViTImageProcessorPil, on "
    "bytes [H, W, 4] that PIL has converted to RGB or L."
)


def fill(model, name):
    """Random weights that make patterns far from uniform and every bias, norm and position count. Returns the seed."""
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
                elif len(shape) == 2:
                    values = random.linear(*shape, gain=1.4 if "attention" in path else 1.0)
                elif len(shape) == 4:  # the patches' convolution
                    values = random.normal(*shape, std=shape[1:].numel() ** -0.5)
                else:  # class token and positions
                    values = random.normal(*shape, std=0.6)
                parameter.copy_(values.float())
    return random.seed


def both(size):
    return list(size) if isinstance(size, (list, tuple)) else [size, size]


def described(model):
    """A loaded model's config in this project's terms, and {our parameter: its tensor in the file}."""
    config, classifies = model.config, isinstance(model, ViTForImageClassification)
    size, patch = both(config.image_size), both(config.patch_size)
    length = 1 + (size[0] // patch[0]) * (size[1] // patch[1])
    D, pooler = config.hidden_size, model.base_model.pooler is not None
    ours = model_config(
        D,
        config.num_hidden_layers,
        config.intermediate_size,
        config.num_attention_heads,
        image={"size": size, "channels": config.num_channels, "patchSize": patch},
        maxLen=length,
        positions="learned",
        norm="pre",
        normEps=config.layer_norm_eps,
        finalNorm=True,
        activation=ACTIVATIONS[config.hidden_act],
        pooler=pooler,
        numLabels=config.num_labels if classifies else 0,
        attention={"bias": config.qkv_bias, "outBias": True},
    )
    qkv = {
        f"attn.{ours}_proj": f"attention.attention.{theirs}"
        for ours, theirs in zip("qkv", ("query", "key", "value"))
    }
    rest = {
        "attn.out_proj": "attention.output.dense",
        "mlp.fc1": "intermediate.dense",
        "mlp.fc2": "output.dense",
        "norm1": "layernorm_before",
        "norm2": "layernorm_after",
    }
    body = pairs(
        each_layer(config, "encoder.layer", qkv),
        ["weight", "bias"] if config.qkv_bias else ["weight"],
    )
    body |= pairs(
        each_layer(config, "encoder.layer", rest)
        | {"final_norm": "layernorm"}
        | ({"pooler": "pooler.dense"} if pooler else {})
        | {"embed.patch": "embeddings.patch_embeddings.projection"}
    )
    prefix = "vit." if classifies else ""
    table = {name: prefix + theirs for name, theirs in body.items()}
    table["embed.class_token"] = {"tensor": f"{prefix}embeddings.cls_token", "dims": [D]}
    table["embed.position.weight"] = {
        "tensor": f"{prefix}embeddings.position_embeddings",
        "dims": [length, D],
    }
    return ours, table | (pairs({"classifier": "classifier"}) if classifies else {})


def forward_pictures(inputs, model):
    """What a pass returns, and the two terms of the embedding sum."""
    embeddings = model.base_model.embeddings
    pixels = inputs["pixelValues"]
    with torch.no_grad():
        first = embeddings.cls_token.expand(len(pixels), -1, -1)
        embed = torch.cat((first, embeddings.patch_embeddings(pixels)), dim=1)
        body = model.base_model(pixels, output_hidden_states=True, output_attentions=True)
        whole = model(pixels)
    expected = {
        "embed": embed,
        "pos_embed": embeddings.position_embeddings.expand_as(embed),
        "lastHiddenState": body.last_hidden_state,
        "final_norm": body.last_hidden_state,
    }
    if "logits" in whole:
        expected["logits"] = whole.logits
    if getattr(whole, "pooler_output", None) is not None:
        expected["poolerOutput"] = whole.pooler_output
    assert len(body.hidden_states) == len(body.attentions) + 1
    expected |= {
        f"attentions.{l}": pattern.to(pixels.dtype) for l, pattern in enumerate(body.attentions)
    }
    return (
        expected
        | {f"blocks.{l}.resid_pre": x for l, x in enumerate(body.hidden_states[:-1])}
        | {f"blocks.{len(body.attentions) - 1}.resid_post": body.hidden_states[-1]}
    )


class Checkpoints:
    """The checkpoints of the group, in folders below out/checkpoints, and the batches that run through them."""

    def __init__(self, group, out):
        self.group = group
        self.root = out / "checkpoints"
        self.models = {}

    def add(
        self, name, about, architecture, config, pooler=True, dtype=torch.float32, processor=None
    ):
        folder = self.root / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.models[name] = (
            architecture,
            {} if architecture is ViTForImageClassification else {"add_pooling_layer": pooler},
        )
        model = architecture(config, **self.models[name][1])
        seed = fill(model, f"vision/{name}")
        model.to(dtype).save_pretrained(folder)
        if processor:
            ViTImageProcessorPil(**processor).save_pretrained(folder)
        ours, table = described(self.load(name, torch.float32))
        self.group.checkpoints[name] = {
            "about": about,
            "seed": seed,
            "config": ours,
            "parameters": table,
        }

    def load(self, name, dtype):
        architecture, arguments = self.models[name]
        return (
            architecture.from_pretrained(self.root / name, attn_implementation="eager", **arguments)
            .to(dtype)
            .eval()
        )

    def batch(self, name, about, checkpoint, B=2):
        random = Random(f"vision/{name}")
        image = self.group.checkpoints[checkpoint]["config"]["image"]
        inputs = {"pixelValues": random.normal(B, image["channels"], *image["size"], std=0.6)}
        self.group.add(
            name,
            "model",
            about,
            forward_pictures,
            inputs=inputs,
            checkpoint=checkpoint,
            seed=random.seed,
            load=lambda dtype: self.load(checkpoint, dtype),
        )


def pictures(group, name, about, height, width, channels=3, count=1, smooth=False, **processor):
    """Random bytes, or smooth waves, as a canvas holds them; what the processor of these settings makes of them."""
    random = Random(f"vision/{name}")
    pixels = random.integers(0, 256, count, height, width, 4)
    if smooth:
        across, down = torch.arange(width) / width, torch.arange(height)[:, None] / height
        waves = [torch.sin(6 * across + 9 * down + band) for band in range(3)]
        pixels[..., :3] = (127.5 + 127.5 * torch.stack(waves, -1)).round().int()
    inputs = {"pictures": pixels.to(torch.uint8)}
    prepare = ViTImageProcessorPil(**processor)

    def compute(inputs, _):
        converted = [
            PIL.Image.fromarray(np.ascontiguousarray(picture.numpy()), "RGBA").convert(
                "RGB" if channels == 3 else "L"
            )
            for picture in inputs["pictures"]
        ]
        return {"pixelValues": torch.from_numpy(np.stack(prepare(converted).pixel_values)).double()}

    group.add(
        name,
        "pictures",
        about,
        compute,
        inputs=inputs,
        seed=random.seed,
        options={"preprocessor": processor, "channels": channels},
    )


def make(out):
    group = Group("vision", ABOUT)
    checkpoints = Checkpoints(group, out)
    checkpoint, batch = checkpoints.add, checkpoints.batch

    checkpoint(
        "vit_classifier",
        "classifier of 5 labels, 9 patches of 4 × 4 in three colours, gelu; preprocessor_config.json",
        ViTForImageClassification,
        ViTConfig(
            hidden_size=24,
            num_hidden_layers=2,
            num_attention_heads=3,
            intermediate_size=33,
            image_size=12,
            patch_size=4,
            num_channels=3,
            num_labels=5,
        ),
        processor={
            "size": {"height": 12, "width": 12},
            "image_mean": [0.48, 0.46, 0.4],
            "image_std": [0.27, 0.26, 0.28],
        },
    )
    batch("vit_classifier", "three pictures", "vit_classifier", B=3)
    batch("vit_classifier_one", "one picture", "vit_classifier", B=1)
    checkpoint(
        "vit_pooler",
        "pooler, 3 by 5 patches of one channel, odd sizes, no biases of q, k and v, gelu_new, eps 1e-3",
        ViTModel,
        ViTConfig(
            hidden_size=21,
            num_hidden_layers=3,
            num_attention_heads=3,
            intermediate_size=19,
            image_size=[6, 10],
            patch_size=2,
            num_channels=1,
            qkv_bias=False,
            hidden_act="gelu_new",
            layer_norm_eps=1e-3,
        ),
        processor={
            "size": {"height": 6, "width": 10},
            "image_mean": [0.3],
            "image_std": [0.2],
            "resample": 3,
        },
    )
    batch("vit_pooler", "two pictures", "vit_pooler")
    checkpoint(
        "vit_body",
        "no pooler, patches of 2 × 3, relu",
        ViTModel,
        ViTConfig(
            hidden_size=10,
            num_hidden_layers=1,
            num_attention_heads=5,
            intermediate_size=40,
            image_size=[6, 9],
            patch_size=[2, 3],
            num_channels=3,
            hidden_act="relu",
        ),
        pooler=False,
    )
    batch("vit_body", "two pictures", "vit_body")
    checkpoint(
        "vit_remainder",
        "float16; 11 pixels hold two patches of 4 and a rest that no patch sees; one label, silu",
        ViTForImageClassification,
        ViTConfig(
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=24,
            image_size=11,
            patch_size=4,
            num_channels=3,
            num_labels=1,
            hidden_act="silu",
        ),
        dtype=torch.float16,
    )
    batch("vit_remainder", "two pictures", "vit_remainder")

    def add(*arguments, **settings):
        pictures(group, *arguments, **settings)

    square = {"height": 8, "width": 8}
    for resample, filter_name in enumerate(
        ("nearest", "Lanczos", "bilinear", "bicubic", "box", "Hamming")
    ):
        add(
            f"{filter_name.lower()}_smaller",
            f"{filter_name}, smaller",
            29,
            23,
            size=square,
            resample=resample,
        )
        add(
            f"{filter_name.lower()}_larger",
            f"{filter_name}, larger",
            5,
            3,
            size={"height": 11, "width": 9},
            resample=resample,
        )
    add("bicubic_mixed", "larger in height, smaller in width", 4, 30, size=square, resample=3)
    add("bilinear_height_only", "the width stays", 17, 8, size=square)
    add("bilinear_smooth", "waves, a large factor", 90, 70, smooth=True, size=square)
    add("same_size", "nothing to resize", 8, 8, size=square)
    add("one_pixel", "a single pixel", 1, 1, size=square, resample=3)
    add("batch", "two pictures of one batch", 10, 12, count=2, size=square)
    add("size_as_number", "size 6, as early checkpoints have it", 9, 13, size=6)
    add(
        "mean_and_std",
        "a mean and standard deviation for each channel",
        9,
        13,
        size=square,
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
    )
    add("one_mean", "one mean for all channels", 9, 13, size=square, image_mean=0.4, image_std=0.3)
    add("no_normalise", "rescaled only", 9, 13, size=square, do_normalize=False)
    add(
        "no_rescale",
        "normalised bytes",
        9,
        13,
        size=square,
        do_rescale=False,
        image_mean=[127.5] * 3,
        image_std=[60.0] * 3,
    )
    add(
        "bytes",
        "neither rescaled nor normalised",
        9,
        13,
        size=square,
        do_rescale=False,
        do_normalize=False,
    )
    add(
        "rescale_factor",
        "another factor",
        9,
        13,
        size=square,
        rescale_factor=1 / 127.5,
        image_mean=[1.0] * 3,
    )
    add("no_resize", "as large as it is", 6, 7, do_resize=False)
    add("shortest_edge_wide", "the shorter edge decides", 9, 14, size={"shortest_edge": 6})
    add(
        "shortest_edge_tall",
        "the shorter edge decides",
        14,
        9,
        size={"shortest_edge": 11},
        resample=3,
    )
    add(
        "crop",
        "the middle of what the shorter edge decides",
        14,
        9,
        size={"shortest_edge": 8},
        do_center_crop=True,
        crop_size={"height": 8, "width": 6},
    )
    add(
        "crop_odd",
        "cropped without resizing, odd rests",
        10,
        13,
        do_resize=False,
        do_center_crop=True,
        crop_size=5,
    )
    add(
        "crop_beyond",
        "a crop larger than the picture: zeros around it",
        5,
        4,
        do_resize=False,
        do_center_crop=True,
        crop_size={"height": 8, "width": 7},
    )
    add(
        "crop_beyond_one_way",
        "larger in height alone",
        5,
        9,
        do_resize=False,
        do_center_crop=True,
        crop_size={"height": 8, "width": 6},
    )
    add("grey", "one channel", 20, 15, channels=1, size=square, image_mean=[0.5], image_std=[0.5])
    add(
        "grey_nearest",
        "one channel, nearest",
        20,
        15,
        channels=1,
        size=square,
        resample=0,
        image_mean=0.5,
        image_std=0.5,
    )
    return group
