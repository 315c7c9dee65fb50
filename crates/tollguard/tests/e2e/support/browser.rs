//! A browser: Debian's Chromium, driven through chromedriver (W3C WebDriver), on the screen of a desk or of a phone.
//!
//! WebDriver is a handful of JSON requests; the crates for it link one under a copyleft licence.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::process::Child;
use super::wait::{SOON, wait_for, wait_until};

/// How long a page may take to load and a check to run.
const PATIENCE: Duration = Duration::from_secs(120);
/// What a WebDriver calls an element in its answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// 1280 points wide, light.
    Desk,
    /// 390 points wide, dark.
    Phone,
}

impl Screen {
    fn name(self) -> &'static str {
        match self {
            Self::Desk => "desk",
            Self::Phone => "phone",
        }
    }

    fn metrics(self) -> Value {
        match self {
            Self::Desk => json!({"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": false}),
            Self::Phone => json!({"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": true}),
        }
    }

    fn scheme(self) -> &'static str {
        match self {
            Self::Desk => LIGHT,
            Self::Phone => DARK,
        }
    }
}

const LIGHT: &str = "light";
const DARK: &str = "dark";

/// What axe-core looks for on a page.
const EVERYTHING: &str = "{resultTypes: ['violations']}";
/// What depends on the scheme.
const CONTRAST: &str = "{resultTypes: ['violations'], runOnly: ['color-contrast']}";

/// A browser with one window.
pub struct Browser {
    screen: Screen,
    agent: ureq::Agent,
    session: String,
    axe: String,
    _driver: Child,
}

impl Browser {
    /// Opens one.
    #[track_caller]
    pub fn open(screen: Screen) -> Self {
        let mut driver = Child::spawn("chromedriver", Command::new("/usr/bin/chromedriver").arg("--port=0"));
        let line = driver.expect_line("started successfully on port", SOON);
        let port = line.trim_end_matches('.').rsplit(' ').next().unwrap().to_owned();
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE));
        let axe = target().join("peers/axe/node_modules/axe-core/axe.min.js");
        let axe =
            std::fs::read_to_string(&axe).unwrap_or_else(|_| panic!("no {}: run `cargo xtask setup`", axe.display()));
        let session = format!("http://127.0.0.1:{port}/session");
        let mut browser = Self { screen, agent: config.build().into(), session, axe, _driver: driver };
        // Root may run no sandbox of its own; the pages are ours.
        let arguments =
            ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"];
        let options = json!({"binary": "/usr/bin/chromium", "args": arguments});
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}});
        let id = browser.post("", &wanted)["sessionId"].as_str().unwrap().to_owned();
        browser.session = format!("{}/{id}", browser.session);
        browser.devtools("Emulation.setDeviceMetricsOverride", &screen.metrics());
        browser.wear(screen.scheme());
        browser
    }

    /// Light or dark.
    fn wear(&self, scheme: &str) {
        let scheme = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", &scheme);
    }

    fn ask(&self, path: &str, body: Option<&Value>) -> Result<Value, Value> {
        let url = format!("{}{path}", self.session);
        let mut answer = match body {
            Some(body) => self.agent.post(&url).content_type("application/json").send(body.to_string()),
            None => self.agent.get(&url).call(),
        }
        .unwrap_or_else(|error| panic!("{path}: {error}"));
        let is_good = answer.status().is_success();
        let text = answer.body_mut().with_config().limit(64 << 20).read_to_string().unwrap();
        let value = serde_json::from_str::<Value>(&text).unwrap()["value"].take();
        if is_good { Ok(value) } else { Err(value) }
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        self.ask(path, Some(body)).unwrap_or_else(|error| panic!("{path}: {error:#}\n{}", self.source()))
    }

    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    /// Opens an address.
    #[track_caller]
    pub fn go(&self, url: &str) {
        self.post("/url", &json!({"url": url}));
    }

    /// The address that is open.
    pub fn url(&self) -> String {
        self.ask("/url", None).unwrap().as_str().unwrap().to_owned()
    }

    /// The page as it was sent.
    pub fn source(&self) -> String {
        self.ask("/source", None).ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// What can be read on the page.
    pub fn text(&self) -> String {
        self.run("return document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// Runs a script in the page.
    #[track_caller]
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// Waits for an element, by its XPath.
    #[track_caller]
    fn find(&self, path: &str) -> String {
        wait_for(SOON, &format!("{path} at {}", self.url()), || {
            let found = self.ask("/element", Some(&json!({"using": "xpath", "value": path}))).ok()?;
            Some(found[ELEMENT].as_str()?.to_owned())
        })
    }

    /// Presses the button or follows the link that says `text`, and waits for the page that it leads to.
    #[track_caller]
    pub fn press(&self, text: &str) {
        let path = format!("//main//*[self::a or self::button][normalize-space(.)='{text}']");
        self.leave(&path, || {
            let element = self.find(&path);
            self.ask(&format!("/element/{element}/click"), Some(&json!({}))).is_ok()
        });
    }

    /// Sends the form that a CSS selector finds, and waits for the page that it leads to.
    #[track_caller]
    pub fn submit(&self, selector: &str) {
        let script = json!({"script": format!("document.querySelector({selector:?}).requestSubmit()"), "args": []});
        self.leave(selector, || self.ask("/execute/sync", Some(&script)).is_ok());
    }

    /// Goes to another page in a way that says whether it worked. Chromium never gives a picture that it is asked for while it
    /// leaves a page, so the old one is marked, and the one without the mark is waited for.
    #[track_caller]
    fn leave(&self, what: &str, mut way: impl FnMut() -> bool) {
        let says =
            |script: &str| self.ask("/execute/sync", Some(&json!({"script": script, "args": []}))) == Ok(json!(true));
        self.run("window.isLeft = true");
        // What is kept fresh may be another element by the time it is clicked; on the next page nothing is clicked again.
        let what_for = format!("a click on {what} at {}", self.url());
        wait_until(SOON, &what_for, || says("return !window.isLeft") || way());
        let is_there = "return !window.isLeft && document.readyState === 'complete'";
        wait_until(SOON, &format!("the page behind {what}"), || says(is_there));
    }

    /// Types into the field of a name.
    #[track_caller]
    pub fn fill(&self, name: &str, text: &str) {
        let element = self.find(&format!("//*[@name='{name}']"));
        self.post(&format!("/element/{element}/clear"), &json!({}));
        self.post(&format!("/element/{element}/value"), &json!({"text": text}));
    }

    /// Chooses a file in the field of a name.
    #[track_caller]
    pub fn choose(&self, name: &str, file: &str) {
        let element = self.find(&format!("//*[@name='{name}']"));
        self.post(&format!("/element/{element}/value"), &json!({"text": file}));
    }

    /// Waits until the page says `text`.
    #[track_caller]
    pub fn expect(&self, text: &str) {
        wait_for(SOON, &format!("`{text}` on {}", self.url()), || self.text().contains(text).then_some(()));
    }

    /// What the first element of a class says.
    #[track_caller]
    pub fn read(&self, class: &str) -> String {
        let element = self.find(&format!("//*[contains(concat(' ', @class, ' '), ' {class} ')]"));
        self.ask(&format!("/element/{element}/text"), None).unwrap().as_str().unwrap().to_owned()
    }

    /// Looks the page over, and stops where something is wrong with it.
    #[track_caller]
    pub fn look(&self, name: &str) {
        let wrong = self.wrong_with(name, EVERYTHING);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Looks the page over in light and in dark, with a folder of pictures for each; says what is wrong with it.
    #[must_use]
    #[allow(dead_code, reason = "the portal's gallery has this module, too")]
    pub fn look_at_both(&self, name: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        for (scheme, rules) in [(LIGHT, EVERYTHING), (DARK, CONTRAST)] {
            self.wear(scheme);
            wrong.extend(self.wrong_with(&format!("{scheme}/{name}"), rules));
        }
        self.wear(self.screen.scheme());
        wrong
    }

    /// Keeps a picture of the page. Wrong is what is wider than the screen, what stands in the way of those who cannot see it
    /// or have no mouse (axe-core), and more than 300 kB with all that is loaded.
    fn wrong_with(&self, name: &str, rules: &str) -> Vec<String> {
        let height = self.run("return document.documentElement.scrollHeight").as_f64().unwrap().min(6_000.0);
        let width = &self.screen.metrics()["width"];
        let clip = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
        let picture = json!({"captureBeyondViewport": true, "clip": clip, "format": "webp", "quality": 60});
        let data = self.devtools("Page.captureScreenshot", &picture)["data"].as_str().unwrap().to_owned();
        let file = target().join("screens").join(self.screen.name()).join(format!("{name}.webp"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, base64(&data)).unwrap();
        let mut wrong = Vec::new();
        let wide = self.run("return document.documentElement.scrollWidth").as_f64().unwrap();
        if wide > width.as_f64().unwrap() {
            wrong.push(format!("{name} is {wide} points wide on the {:?}", self.screen));
        }
        let weight = "return performance.getEntriesByType('resource').reduce((sum, one) => sum + one.decodedBodySize, \
                      new Blob([document.documentElement.outerHTML]).size)";
        let bytes = self.run(weight).as_f64().unwrap();
        if bytes > 300_000.0 {
            wrong.push(format!("{name} has {bytes} bytes"));
        }
        let faults = self.faults_by(rules);
        if faults != json!([]) {
            wrong.push(format!("{name} on the {:?}: {faults:#}", self.screen));
        }
        wrong
    }

    /// What axe-core finds of serious faults on the page.
    #[track_caller]
    pub fn faults(&self) -> Value {
        self.faults_by(EVERYTHING)
    }

    #[track_caller]
    fn faults_by(&self, rules: &str) -> Value {
        if self.run("return !window.axe") == json!(true) {
            self.run(&self.axe);
        }
        let script = format!(
            "const done = arguments[0]; axe.run(document, {rules}).then(found => done(found.violations \
             .filter(one => ['serious', 'critical'].includes(one.impact)) \
             .map(one => one.id + ': ' + one.nodes.map(node => node.html + ' ' + node.failureSummary).join('; '))))"
        );
        self.post("/execute/async", &json!({"script": script, "args": []}))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver takes its Chromium along only if it is told.
        let _ = self.agent.delete(&self.session).call();
    }
}

/// The folder that cargo builds in.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned()
}

/// Bytes from their base64 (RFC 4648 section 4).
fn base64(text: &str) -> Vec<u8> {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let values = text.bytes().filter_map(|sign| SIGNS.iter().position(|known| *known == sign));
    let (mut bits, mut held, mut bytes) = (0_usize, 0, Vec::with_capacity(text.len() / 4 * 3));
    for value in values {
        (bits, held) = (bits << 6 | value, held + 6);
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 255) as u8);
            bits &= (1 << held) - 1;
        }
    }
    bytes
}
