"""Opens pages of ours in Chromium and fails on whatever a reader must never meet.

Usage: browser.py AXE_JS PAGE... [--pictures FOLDER]

For each page, at the width of a phone and of a desk, light and dark: no message on the console, no request to anywhere, no
dialog, no element that could act, nothing wider than the window, and no finding of axe (which is left out for a page of more
than 5,000 elements). At the end it is printed to PDF.
"""

import base64
import json
import pathlib
import sys

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ACTING = (
    "script, iframe, object, embed, img, video, audio, form, input, button, base, link:not([rel=icon]), "
    "meta[http-equiv=refresh], a[href^='javascript' i], a[href^='data' i]"
)
INSPECT = """
const acting = [...document.querySelectorAll(arguments[0])].map(e => e.outerHTML.slice(0, 120));
const handlers = [...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on/i.test(a.name)));
return {
  acting, handlers: handlers.map(e => e.outerHTML.slice(0, 120)),
  styles: document.querySelectorAll('style').length,
  wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  title: document.title,
};
"""


def driver_of():
    options = webdriver.ChromeOptions()
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    options.set_capability("unhandledPromptBehavior", "ignore")
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


def check(driver, page, axe, pictures):
    wrong = []
    url = pathlib.Path(page).resolve().as_uri()
    for width, height in [(390, 844), (1280, 900)]:
        for scheme in ["light", "dark"]:
            place = f"{pathlib.Path(page).name} at {width} px, {scheme}"
            driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
            )
            driver.execute_cdp_cmd(
                "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
            )
            driver.get(url)
            seen = driver.execute_script(INSPECT, ACTING)
            wrong += [f"{place}: an element that could act: {element}" for element in seen["acting"] + seen["handlers"]]
            if seen["styles"] != 1:
                wrong.append(f"{place}: {seen['styles']} style sheets")
            if seen["wide"] > 0:
                wrong.append(f"{place}: {seen['wide']} px wider than the window")
            wrong += [f"{place}: console: {entry['message']}" for entry in driver.get_log("browser")]
            for entry in driver.get_log("performance"):
                message = json.loads(entry["message"])["message"]
                if message["method"] == "Network.requestWillBeSent":
                    asked = message["params"]["request"]["url"]
                    if asked != url and not asked.startswith("data:"):
                        wrong.append(f"{place}: a request to {asked}")
                if message["method"] == "Page.javascriptDialogOpening":
                    wrong.append(f"{place}: a dialog")
            if driver.execute_script("return document.querySelectorAll('*').length") > 5000:
                # Minutes, for a page that is many times the same.
                continue
            driver.execute_script(axe)
            found = driver.execute_async_script("const done = arguments[arguments.length - 1]; axe.run().then(done);")
            for violation in found["violations"]:
                nodes = "; ".join(node["html"][:100] + " " + node.get("failureSummary", "")[:200] for node in violation["nodes"][:3])
                wrong.append(f"{place}: axe {violation['id']} ({violation['impact']}): {nodes}")
            if pictures:
                tall = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]["height"]
                clip = {"x": 0, "y": 0, "width": width, "height": min(tall, 6000), "scale": 1}
                shot = driver.execute_cdp_cmd(
                    "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
                )
                name = f"{pathlib.Path(page).stem}-{width}-{scheme}.png"
                (pathlib.Path(pictures) / name).write_bytes(base64.b64decode(shot["data"]))
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    pdf = base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": False})["data"])
    if not pdf.startswith(b"%PDF"):
        wrong.append(f"{page}: cannot be printed")
    if pictures:
        (pathlib.Path(pictures) / f"{pathlib.Path(page).stem}.pdf").write_bytes(pdf)
    return wrong


def main(arguments):
    pictures = None
    if "--pictures" in arguments:
        at = arguments.index("--pictures")
        pictures = arguments[at + 1]
        arguments = arguments[:at] + arguments[at + 2 :]
    axe = pathlib.Path(arguments[0]).read_text(encoding="utf-8")
    driver = driver_of()
    try:
        wrong = [line for page in arguments[1:] for line in check(driver, page, axe, pictures)]
    finally:
        driver.quit()
    print("\n".join(wrong) or f"{len(arguments) - 1} pages: nothing found")
    return 1 if wrong else 0


sys.exit(main(sys.argv[1:]))
