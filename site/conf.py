"""How Sphinx builds the site; called by build_site.py, which prepares the pages in site/cache."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import llmlab  # noqa: E402

project = "llmlab"
author = "The llmlab authors"
copyright = "the llmlab authors; text CC BY 4.0, code MIT"
version = release = llmlab.__version__
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docstrings", "explorer_sheets", "mathml"]
html_math_renderer = "mathml"
nb_execution_mode = "off"
nb_mime_priority_overrides = [("html", "text/html", 0), ("html", "text/plain", 10)]
myst_enable_extensions = ["dollarmath", "attrs_inline", "colon_fence"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
suppress_warnings = ["mystnb.unknown_mime_type"]

smartquotes = False  # an answer "in quotes" is typed with the quotes of the keyboard
highlight_language = "none"  # a block without a language is not code
pygments_style = "github-light-high-contrast"
pygments_dark_style = "github-dark-high-contrast"

html_theme = "furo"
html_title = "llmlab"
html_logo = str(HERE / "_static" / "logo.svg")
html_favicon = html_logo
html_static_path = [str(HERE / "_static"), str(HERE / "cache" / "static")]
html_extra_path = [str(HERE / "cache" / "extra")]
templates_path = [str(HERE / "_templates")]
html_css_files = ["explorers.css", "llmlab-site.css"]
html_js_files = [
    ("llmlab-site.js", {"defer": "defer"}) for folder in html_static_path if (Path(folder) / "llmlab-site.js").exists()
]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_permalinks_icon = "#"
html_use_index = False
html_domain_indices = False
_FONTS = {
    "font-stack": '"Source Sans 3", "Segoe UI", system-ui, sans-serif',
    "font-stack--monospace": '"Source Code Pro", ui-monospace, Menlo, Consolas, monospace',
    "font-stack--headings": '"Source Sans 3", "Segoe UI", system-ui, sans-serif',
}
html_theme_options = {
    "navigation_with_keys": False,
    "light_css_variables": {
        **_FONTS,
        "color-foreground-primary": "#1b1f24",
        "color-foreground-secondary": "#505a66",
        "color-foreground-muted": "#5f6873",
        "color-background-primary": "#ffffff",
        "color-background-secondary": "#f6f8fa",
        "color-background-border": "#dfe3e8",
        "color-brand-primary": "#1b5e97",
        "color-brand-content": "#1b5e97",
        "color-brand-visited": "#1b5e97",
        "color-code-background": "#f6f8fa",
        "color-code-foreground": "#1b1f24",
        "site-accent": "#2272b4",
        "site-accent-fill": "#1b5e97",
        "site-accent-text": "#1b5e97",
        "site-accent-soft": "rgba(34, 114, 180, 0.13)",
        "site-task": "#b8520a",
        "site-task-text": "#97420a",
        "site-output": "#37404a",
        "site-edge": "rgba(27, 31, 36, 0.32)",
    },
    "dark_css_variables": {
        "color-foreground-primary": "#e6e9ed",
        "color-foreground-secondary": "#aeb6c0",
        "color-foreground-muted": "#9aa4ad",
        "color-background-primary": "#14171b",
        "color-background-secondary": "#1b2026",
        "color-background-border": "#343b43",
        "color-brand-primary": "#7dbcf3",
        "color-brand-content": "#7dbcf3",
        "color-brand-visited": "#7dbcf3",
        "color-code-background": "#1b2026",
        "color-code-foreground": "#e6e9ed",
        "site-accent": "#62aef0",
        "site-accent-fill": "#1f6aa8",
        "site-accent-text": "#7dbcf3",
        "site-accent-soft": "rgba(98, 174, 240, 0.18)",
        "site-task": "#ff9a52",
        "site-task-text": "#ffab70",
        "site-output": "#c4ccd4",
        "site-edge": "rgba(230, 233, 237, 0.34)",
    },
}

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
