"""Take the pictures of the README: `python -m tests.browser.screenshots` writes docs/images/window_map_*.png."""

from __future__ import annotations

from tests.browser.lab import ROOT, Lab, chromium, jupyter_server, notebook

CELL = "from llmlab.explorers import WindowMap\n\nWindowMap()"


def main() -> None:
    folder = ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    with jupyter_server() as server, chromium() as browser:
        lab = Lab(browser.new_page(viewport={"width": 1000, "height": 1000}, device_scale_factor=1.5), server)
        lab.open(notebook(CELL))
        lab.run_all()
        explorer = lab.explorer()
        explorer.key("stride", "ArrowRight")  # the focus ring shows which control has just been moved
        explorer.wait_idle()
        for theme in ("light", "dark"):
            lab.theme(theme)
            lab.page.wait_for_timeout(500)  # colours fade over
            explorer.root.scroll_into_view_if_needed()
            explorer.root.screenshot(path=folder / f"window_map_{theme}.png")
            print(f"docs/images/window_map_{theme}.png")


if __name__ == "__main__":
    main()
