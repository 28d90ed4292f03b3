// What a page does beside the theme: pictures that enlarge, and previews at links.
// Without it a picture is a link to its file, and a link leads where it leads.
"use strict";
(() => {
    // ---- pictures --------------------------------------------------------------------------
    const enlarge = link => {
        const picture = link.firstElementChild.cloneNode();
        const {width, height} = picture;
        const dialog = document.createElement("dialog");
        const close = document.createElement("button");
        dialog.className = "enlarged";
        dialog.setAttribute("aria-label", "Figure, enlarged");
        close.textContent = "Close";
        close.addEventListener("click", () => dialog.close());
        // As large as fits, and no smaller than it was drawn: a phone scrolls.
        picture.style.width = `max(${width}px, min(94vw, ${(84 * width) / height}vh))`;
        dialog.append(close, picture);
        dialog.addEventListener("close", () => dialog.remove());
        dialog.addEventListener("click", ({target}) => target === dialog && dialog.close());
        link.closest("article").append(dialog);
        dialog.showModal();
    };
    document.addEventListener("click", event => {
        const link = event.target.closest("a.enlarge");
        if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        enlarge(link);
    });

    // ---- previews --------------------------------------------------------------------------
    // Of a link under the pointer or with the focus. The pointer may move onto it; it goes when
    // pointer or focus leave, and with Escape.
    const data = document.getElementById("previews");
    const said = data ? JSON.parse(data.textContent) : {};
    const links = [...document.querySelectorAll("article a.reference.internal")]
        .filter(link => said[link.getAttribute("href")]);
    let box = null, owner = null, timer = 0;
    const hide = () => {
        clearTimeout(timer);
        box?.remove();
        owner?.removeAttribute("aria-describedby");
        box = owner = null;
    };
    const show = link => {
        hide();
        owner = link;
        box = document.createElement("div");
        box.id = "preview";
        box.className = "preview";
        box.setAttribute("role", "tooltip");
        box.innerHTML = said[link.getAttribute("href")];
        box.addEventListener("pointerenter", () => clearTimeout(timer));
        box.addEventListener("pointerleave", () => later(hide));
        link.closest("article").append(box);
        link.setAttribute("aria-describedby", "preview");
        // Under the line of the link, or above it where there is no room; within the window.
        const line = link.getClientRects()[0], {width, height} = box.getBoundingClientRect();
        const room = document.documentElement.clientWidth - width - 8;
        const below = line.bottom + height + 8 < innerHeight || line.top < height + 8;
        const page = box.offsetParent.getBoundingClientRect();
        box.style.left = `${Math.max(8, Math.min(line.left, room)) - page.left}px`;
        box.style.top = `${(below ? line.bottom : line.top - height) - page.top}px`;
    };
    const later = (what, ...of) => {
        clearTimeout(timer);
        timer = setTimeout(what, 250, ...of);
    };
    for (const link of links) {
        link.removeAttribute("title");
        link.addEventListener("pointerenter", ({pointerType}) => {
            if (pointerType === "mouse" && link !== owner) later(show, link);
            else clearTimeout(timer);
        });
        link.addEventListener("pointerleave", () => later(hide));
        link.addEventListener("focus", () => link.matches(":focus-visible") && show(link));
        link.addEventListener("blur", hide);
    }
    document.addEventListener("keydown", ({key}) => key === "Escape" && hide());
})();
