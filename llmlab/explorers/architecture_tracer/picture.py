"""The picture of the architecture tracer: published models to press, sizes to drag, and the shape tracer's pass.

The target's two bounds are marks on the shape tracer's scale, with what lies on their right side hatched.
"""

from __future__ import annotations

from llmlab.explorers.architecture_tracer.values import FIGURES, HOLD_MORE, PUBLISHED, USE_FEWER, bounds, config_of
from llmlab.explorers.host.touch import touch
from llmlab.explorers.shape_tracer import picture
from llmlab.explorers.shape_tracer.values import ShapeTrace

describe, why = picture.describe, picture.why
CONFIGS = {name: config_of(settings) for name, settings in PUBLISHED.items()}


def render(trace: ShapeTrace) -> str:
    """The models, the sizes, and all that the shape tracer shows of them."""
    return picture.render(trace, f'<div class="llmlab-gpt-sizes">{_models(trace)}{_sizes(trace)}</div>', _goals(trace))


def _goals(trace: ShapeTrace) -> str:
    """The whole model on the scale of its parts: what it holds and what a token uses, and where both are to be."""
    wanted, allowed = bounds()
    held, used = trace.total_parameters, trace.active_parameters
    rows = (
        ("all held", held, wanted, f"more than {_brief(HOLD_MORE)}", held > wanted),
        ("used for a token", used, allowed, f"fewer than {_brief(USE_FEWER)}", used < allowed),
    )
    drawn = ""
    for name, amount, bound, words, reached in rows:
        at = picture.across(bound, trace)
        zone = f"left:{at:.2f}%;right:0" if bound == wanted else f"left:0;width:{at:.2f}%"
        drawn += (
            f'<div class="llmlab-gpt-part llmlab-gpt-aim"><span>{name}</span><div class="llmlab-gpt-lane">'
            f'<i class="llmlab-gpt-goal" style="{zone}"></i><b class="llmlab-gpt-bound" style="left:{at:.2f}%">{words}'
            f"</b>{picture.point('holds', amount, trace)}</div>"
            f"<span>{picture.SAME if reached else ' ○'}</span></div>"
        )
    return drawn


def _brief(name: str) -> str:
    """A model without its size, which its family tells here: the line above has all numbers."""
    return name.rpartition(" ")[0]


def published(trace: ShapeTrace) -> str:
    """The published model that the settings make, or an empty text."""
    return next((name for name, config in CONFIGS.items() if config == trace.config), "")


def _models(trace: ShapeTrace) -> str:
    here = published(trace)
    cards = ""
    for name, settings in PUBLISHED.items():
        said = f"{name}: published as {FIGURES[name]}" + ("; this one" if name == here else "")
        its = touch(key=f"model {name}", press=settings, tip=said)
        short = name.replace("GPT-2 ", "")  # beside GPT-2 stand "medium", "large" and "XL"
        cards += f'<span class="llmlab-gpt-model"{its}>{short}{" ✓" if name == here else ""}</span>'
    return f'<div class="llmlab-gpt-models"{touch(key="models", group="models")}>{cards}</div>'


def _sizes(trace: ShapeTrace) -> str:
    c = trace.config
    chips = (
        _size("vocabulary", "vocabulary V", c.vocab_size)
        + _size("heads", "heads H", c.n_heads)
        + _size("head_width", "D/H", c.d_head)
        + f"<span>so width D <b>{c.d_model:,}</b></span>"
        + _size("layers", "blocks L", c.n_layers)
        + _size("context", "context C", c.context_length)
        + _size("tokens_read", "tokens read T", trace.tokens)
        + _size("kv_heads", "heads of keys and values G", c.kv_heads)
    )
    if c.kv_heads < c.n_heads:
        chips += f"<span>so K = G · D/H <b>{c.kv_heads * c.d_head:,}</b></span>"
    chips += _size("inner", "inner width F", c.ff_width)
    chips += _size("experts", "experts E", c.n_experts or "none")
    if c.n_experts:
        chips += _size("used", "of them for a token k", c.experts_used)
    return chips


def _size(control: str, name: str, size: int | str) -> str:
    its = touch(key=f"size-{control}", spin=control, tip=f"{name}: drag sideways, or arrow keys")
    text = size if isinstance(size, str) else f"{size:,}"
    return f'<span>{name} <b class="llmlab-gpt-size"{its}>{text}</b></span>'
