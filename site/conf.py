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

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docstrings", "mathml"]
html_math_renderer = "mathml"
nb_execution_mode = "off"
nb_mime_priority_overrides = [("html", "text/html", 0), ("html", "text/plain", 10)]
myst_enable_extensions = ["dollarmath", "attrs_inline", "colon_fence"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
suppress_warnings = ["mystnb.unknown_mime_type"]

smartquotes = False  # an answer "in quotes" is typed with the quotes of the keyboard
highlight_language = "none"  # a block without a language is not code
pygments_style = "friendly"
pygments_dark_style = "github-dark"

html_theme = "furo"
html_title = "llmlab"
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
html_theme_options = {"navigation_with_keys": False, "sidebar_hide_name": False}

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
