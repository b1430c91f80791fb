"""A map of the site for search engines, and the file that leads them to it."""

from pathlib import Path
from xml.etree import ElementTree

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
NOT_FOUND = "404"


def site_map(base: str, pages: list[str]) -> str:
    """Return a site map.

    Parameters
    ----------
    base : str
        Address of the site, with a slash at its end.
    pages : list of str
        Addresses of its pages, relative to `base`.

    Returns
    -------
    str
        XML.

    Examples
    --------
    >>> "<loc>https://example.org/a.html</loc>" in site_map("https://example.org/", ["a.html"])
    True
    """
    root = ElementTree.Element("urlset", xmlns=_NAMESPACE)
    for page in sorted(pages):
        location = ElementTree.SubElement(ElementTree.SubElement(root, "url"), "loc")
        location.text = base + page
    ElementTree.indent(root, "")
    text: str = ElementTree.tostring(root, "unicode", xml_declaration=True)
    return f"{text}\n"


def _write(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    # All pages, also those that this build had no reason to write.
    pages = [app.builder.get_target_uri(n) for n in app.env.found_docs if n != NOT_FOUND]
    base, out = app.config.html_baseurl, Path(app.outdir)
    (out / "sitemap.xml").write_text(site_map(base, pages), "utf-8")
    (out / "robots.txt").write_text(f"User-agent: *\nSitemap: {base}sitemap.xml\n", "utf-8")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Write both when the pages are written."""
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
