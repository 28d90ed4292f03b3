"""Pictures: sharp and light, enlarged by a link, and small where a page tells of a chapter."""

import re
import shutil
import struct
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from PIL import Image
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from tools.chapters import ROOT

IMAGE = re.compile(
    r'<img (?P<before>[^>]*src=")(?P<file>\.\./_images/(?P<name>[^"]+\.png))(?P<after>"[^>]*>)'
)
STYLE = re.compile(r' style="[^"]*"')  # a size that ignores the width of the window
SMALL = 480  # dots of a small picture, at most, in width and height


class Picture(nodes.Element):
    """The picture of a chapter's figure, on another page."""


class ShowPicture(Directive):
    """The directive ``{picture} fig-name``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Leave the place to the writer, who knows the figures of all chapters."""
        return [Picture(name=self.arguments[0])]


def find_picture(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the picture, with its alternative text, where a page asks for it."""
    for place in list(doctree.findall(Picture)):
        name = place["name"]
        page, anchor = app.env.domains["std"].anonlabels.get(name, ("", ""))
        if not page:
            raise ExtensionError(f"{docname}: no figure has the name {name}")
        figure = app.env.get_doctree(page).ids[anchor]
        image = next(figure.findall(nodes.image)).copy()
        image["classes"] = ["small"]
        place.replace_self(image)


def furnish(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Give each PNG its size, so that its place is kept, and a link to the whole of it.

    It has two dots a pixel, for the screens that have them; its first bytes say how many.
    """
    sources = {file: path for path, file in app.builder.images.items()}

    def furnished(image: re.Match[str]) -> str:
        content = Path(app.srcdir, sources[image["name"]]).read_bytes()
        width, height = (dots // 2 for dots in struct.unpack(">II", content[16:24]))
        file = image["file"]
        if 'class="small"' in image[0]:
            file = file.replace("_images/", "_images/small-")
        rest = STYLE.sub("", image["before"] + file + image["after"])
        picture = f'<img width="{width}" height="{height}" {rest}'
        return f'<a class="enlarge" href="{image["file"]}" title="Enlarge">{picture}</a>'

    context["body"] = IMAGE.sub(furnished, context.get("body", ""))


def lighten(app: Sphinx, exception: Exception | None) -> None:
    """Write pictures in the 256 colours that they need: 40% of the weight; small ones in 64.

    A picture is named by what is in it, so one that was written before is copied.
    """
    if exception is not None or app.builder.format != "html":
        return
    images, written = Path(app.outdir) / "_images", ROOT / "_build" / "pictures"
    written.mkdir(exist_ok=True)
    asked = [page.read_text(encoding="utf-8") for page in Path(app.outdir).glob("book/*.html")]
    small = set(re.findall(r"_images/(small-[^\"]+)", "".join(asked)))
    for name in {file.name for file in images.glob("*.png")} | small:
        light = written / name
        if not light.exists():
            with Image.open(images / name.removeprefix("small-")) as image:
                picture = image.convert("RGB")
            if name in small:
                picture.thumbnail((SMALL, SMALL))
            # Among few colours an octree keeps the hue of thin lines; a median cut does not.
            few = (64, Image.Quantize.FASTOCTREE)
            colours, how = few if name in small else (256, Image.Quantize.MEDIANCUT)
            lean = picture.quantize(colours, how, dither=Image.Dither.NONE)
            lean.save(light, optimize=True)
        shutil.copyfile(light, images / name)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the above; called by Sphinx."""
    app.add_node(Picture)
    app.add_directive("picture", ShowPicture)
    app.connect("doctree-resolved", find_picture)
    app.connect("html-page-context", furnish)
    app.connect("build-finished", lighten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
