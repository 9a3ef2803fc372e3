//! A browser that is driven over its debugging protocol: one process, one profile of its own, one tab for each test.

use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::stream::MaybeTlsStream;
use tokio_tungstenite::tungstenite::{Message, WebSocket, client};

/// How long anything may take, on a machine that is busy.
const DEADLINE: Duration = Duration::from_secs(60);

/// A browser needs all of a small machine: one at a time.
static SEAT: Mutex<()> = Mutex::new(());

/// A tab.
pub(crate) struct Browser {
    process: Child,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    session: String,
    next: u64,
    /// What the page has complained about.
    pub complaints: Vec<String>,
    _profile: tempfile::TempDir,
    _seat: MutexGuard<'static, ()>,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A size of a screen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    pub width: u32,
    pub height: u32,
    pub mobile: bool,
    pub dark: bool,
}

impl Browser {
    /// Starts it. `None`: there is none, and that has been said.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let Ok(program) = std::env::var("EXCHANGE_BROWSER") else {
            // Written past the capture of the test harness: a test that did not run never passes silently.
            let _ = writeln!(
                std::io::stderr(),
                "SKIPPED: {test}, because there is no browser; `cargo xtask test` looks for one"
            );
            return None;
        };
        // A test that failed while it had the seat has left it.
        let seat = SEAT.lock().unwrap_or_else(PoisonError::into_inner);
        let profile = tempfile::tempdir().unwrap();
        let mut process = Command::new(program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"])
            .args([
                "--disable-component-update",
                "--disable-default-apps",
                "--disable-sync",
                "--no-first-run",
            ])
            .args([
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--mute-audio",
                "--remote-debugging-port=0",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line = line.ok()?;
            line.strip_prefix("DevTools listening on ").map(str::to_owned)
        });
        // Whatever it writes later must not fill the pipe. The thread ends with the process.
        std::thread::spawn(move || lines.for_each(drop));
        let address = address.expect("the browser says where it listens");
        let socket = connect(&address);
        let mut browser = Self {
            process,
            socket,
            session: String::new(),
            next: 0,
            complaints: Vec::new(),
            _profile: profile,
            _seat: seat,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Sets the screen.
    pub(crate) fn screen(&mut self, screen: Screen) {
        let Screen { width, height, mobile, dark } = screen;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", features);
    }

    /// Opens an address.
    pub(crate) fn open(&mut self, address: &str) {
        let answer = self.call("Page.navigate", json!({ "url": address }));
        assert!(answer["errorText"].is_null(), "{answer}");
        self.wait_for(&format!("location.href === '{address}' && document.readyState === 'complete'"));
    }

    /// The value of an expression.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let question = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", question);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub(crate) fn wait_for(&mut self, expression: &str) {
        let start = Instant::now();
        while self.value(&format!("Boolean({expression})")) != true {
            let state = "document.body?.innerText.slice(0, 600)";
            assert!(
                start.elapsed() < DEADLINE,
                "never became true: {expression}\n{}\n{:?}",
                self.value(state),
                self.complaints
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Leaves a picture, if pictures are wanted.
    pub(crate) fn picture(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("EXCHANGE_SCREENSHOTS") else { return };
        let answer = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        let bytes = base64::engine::general_purpose::STANDARD.decode(answer["data"].as_str().unwrap());
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), bytes.unwrap()).unwrap();
    }

    /// Presses a key with a name such as `Tab`.
    pub(crate) fn press(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let code = match key {
                "Tab" => 9,
                "ArrowLeft" => 37,
                "ArrowRight" => 39,
                _ => 27,
            };
            let event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Moves the mouse.
    pub(crate) fn point_at(&mut self, x: f64, y: f64) {
        self.call("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": x, "y": y }));
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() && !method.starts_with("Target.") {
            message["sessionId"] = self.session.clone().into();
        }
        self.socket.send(Message::text(message.to_string())).unwrap();
        loop {
            let Message::Text(text) = self.socket.read().unwrap() else { continue };
            let message: Value = serde_json::from_str(&text).unwrap();
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
            self.note(&message);
        }
    }

    /// Errors of the script, of the console, of the content security policy.
    fn note(&mut self, event: &Value) {
        let parameters = &event["params"];
        let bad = match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => {
                parameters["type"] == "error" || parameters["type"] == "warning"
            }
            // What cannot be reached is the business of those tests that take it away.
            Some("Log.entryAdded") => {
                parameters["entry"]["level"] == "error" && parameters["entry"]["source"] != "network"
            }
            _ => false,
        };
        if bad {
            self.complaints.push(parameters.to_string());
        }
    }
}

fn connect(address: &str) -> WebSocket<MaybeTlsStream<TcpStream>> {
    let host = address.strip_prefix("ws://").unwrap().split('/').next().unwrap();
    let stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let (socket, _) = client(address, MaybeTlsStream::Plain(stream)).unwrap();
    socket
}
