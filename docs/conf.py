"""The documentation site: Sphinx over the Markdown pages of this folder.

    python -m sphinx -W -n -b html docs build/docs

`tests/test_docs.py` runs every block of every page and compares what it prints with what the page says. The build runs the notebooks (docs/tutorials) and the examples
(docs/gallery), and shows what they print and draw.
"""

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent / "src")]
os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE.parent / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])  # for the notebooks' kernel
os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # figures stand in the notebooks

project = "chainrule"
author = "The chainrule authors"
copyright = "The chainrule authors"
version = release = re.search(r'__version__ = "([^"]+)"', (HERE.parent / "src" / "chainrule" / "__init__.py").read_text(encoding="utf-8"))[1]

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "sphinx_design", "sphinx_copybutton", "docstrings", "examples"]
exclude_patterns = ["_ext", "_static", "**/_*.md"]
templates_path = []
nitpicky = True
nitpick_ignore_regex = [
    ("py:class", r"(typing\.|collections\.abc\.|numpy|np\.|scipy|optional|callable|array|Argnums|Function|_?[A-Z]).*"),  # types of the signatures: no pages of theirs
]

# -- Markdown ----------------------------------------------------------------------------------------------------------
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "amsmath", "attrs_inline"]
myst_heading_anchors = 4
nb_execution_mode = "cache"  # what has not changed since the last build is not run again
nb_execution_cache_path = str(HERE.parent / "build" / "notebooks")
nb_execution_raise_on_error = True
nb_execution_timeout = 120  # seconds for a cell; the slowest takes some three
nb_execution_show_tb = True
nb_merge_streams = True

# -- Docstrings --------------------------------------------------------------------------------------------------------
autodoc_typehints = "none"  # the docstring says it in words
autodoc_member_order = "bysource"
add_module_names = False
python_display_short_literal_types = True
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

# -- Appearance --------------------------------------------------------------------------------------------------------
html_theme = "pydata_sphinx_theme"
html_title = "chainrule"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "header_links_before_dropdown": 7,
}
