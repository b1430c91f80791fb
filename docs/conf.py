"""Settings of the site, each with its reason. Run by `nox -s docs`, from this folder."""

import logging
import os
from importlib.metadata import version as installed_version
from urllib.parse import urlsplit

import a11y_pygments  # noqa: F401 - imported for what the import does to logging
from _ext.capture import run_block

# The colours of code give the root logger a handler when they are imported. The examples run in
# this process, and a library that logs would print what it does not print for a reader.
logging.getLogger().handlers.clear()
logging.getLogger().setLevel(logging.WARNING)

project = "ndpipe"
author = "The ndpipe developers"
copyright = "2026, The ndpipe developers"
version = release = installed_version("ndpipe")

extensions = [
    "myst_parser",
    "notfound.extension",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "_ext.archives",
    "_ext.captions",
    "_ext.command_output",
    "_ext.cost_tool",
    "_ext.freshness",
    "_ext.image_sizes",
    "_ext.lean",
    "_ext.llms_txt",
    "_ext.main_guard",
    "_ext.not_found",
    "_ext.page_facts",
    "_ext.process_labels",
    "_ext.record",
    "_ext.sharing",
    "_ext.site_map",
    "_ext.speeds",
    "_ext.symptom_links",
    "_ext.task_source",
    "_ext.thumbnails",
    "_ext.transport_table",
    "_ext.which_way",
    "_ext.whole_script",
]

# A name that leads nowhere is an error (`-n -W`).
nitpicky = True
nitpick_ignore = [
    # autodoc takes it from an annotation, and the Python inventory does not list it.
    ("py:class", "numpy.uint64"),
]
suppress_warnings = [
    # sphinx_gallery_conf holds a function, run_block, which sphinx-gallery calls around each
    # block; Sphinx says that it cannot tell whether a function has changed. `_ext.freshness` can.
    "config.cache",
]

exclude_patterns = ["_build", "auto_examples/**/*.ipynb", "auto_examples/**/*.md5"]
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
# Lets a page link to a heading of another: [text](page.md#heading).
myst_heading_anchors = 3

autodoc_typehints = "none"  # numpydoc shows types as the docstring words them
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # attributes are described in the docstring
numpydoc_class_members_toctree = False

# The inventories are part of the repository: a build needs no network.
intersphinx_mapping = {
    "python": ("https://docs.python.org/3", "_inventories/python.inv"),
}

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    # Reading order is the number in the file name.
    "within_subsection_order": "FileNameSortKey",
    # Gives each function the list of pages that use it.
    "doc_module": ("ndpipe",),
    "prefer_full_module": {
        r"ndpipe\.(?!connection)"
    },  # Pipe is documented as ndpipe.Pipe, the rest where it is
    "backreferences_dir": "auto_examples/backreferences",
    # Not for its figure, which is left out, but to be called around each block.
    "show_memory": run_block,
    "reset_modules": ("matplotlib", "_ext.page_environment.restore"),
    # Only what a script would print: the value of a last line has an object's address in it.
    "capture_repr": (),
    "remove_config_comments": True,
    "write_computation_times": False,
    "show_signature": False,
    "plot_gallery": "True",
    "default_thumb_file": "_static/thumbnails/what_a_pipe_is.svg",
    # Each figure for both themes.
    "image_scrapers": "_ext.two_themes.scrape",
}

html_theme = "furo"
html_title = "ndpipe"
html_static_path = ["_static"]
html_css_files = [
    "ndpipe.css",
    "gallery.css",
    "keyboard.css",
    "look.css",
    "narrow.css",
    "print.css",
    "tools/tools.css",
]
html_js_files = [
    "error_search.js",  # the search finds an error by the text that Python prints
    ("scrolling.js", {"defer": "defer"}),
]
html_search_scorer = "_ext/search_scorer.js"
# The address of the site, for canonical links, the site map, previews and the page for what is not
# found. Without one it is where `nox -s docs-live` shows the site.
html_baseurl = (
    os.environ.get("NDPIPE_SITE_URL")
    or os.environ.get("READTHEDOCS_CANONICAL_URL")
    or "http://127.0.0.1:8000/"
).rstrip("/") + "/"
notfound_urls_prefix = urlsplit(html_baseurl).path
html_favicon = "_static/favicon.svg"
html_show_sourcelink = False
html_copy_source = False
html_last_updated_fmt = None  # each example says when it was built; the rest does not depend on it
html_theme_options = {
    "light_logo": "logo.svg",
    "dark_logo": "logo.svg",
    "navigation_with_keys": True,
}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

# Copied code is code: no prompts, and nothing from boxes that show output.
copybutton_selector = (
    "div:not(.sphx-glr-script-out, .highlight-none, .highlight-text) > div.highlight pre"
)
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
