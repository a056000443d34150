//! Real servers on ports of their own: nginx, a registry of images, a proxy, and one that does what real ones only do on
//! bad days. Each ends with the test, however that ends.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{Said, TempDir};

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Runs a program to its end; anything but success fails the test with all that it printed.
#[track_caller]
pub fn succeed(command: &mut Command) -> String {
    Said::from(command.output().unwrap()).ok()
}

/// A program that listens on a port until this goes.
pub struct Server {
    process: Child,
    pub port: u16,
    pub dir: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; what counts is that it is gone.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Starts it; it writes what it has to say to `log` in its directory.
    fn start(mut command: Command, dir: TempDir, port: u16) -> Server {
        let log = fs::File::create(dir.path().join("log")).unwrap();
        command.env("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin");
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let process = command.spawn().unwrap();
        let mut server = Server { process, port, dir };
        server.wait_until_it_listens();
        server
    }

    fn wait_until_it_listens(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "it does not listen: {}", self.text("log"));
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// A file of its directory, as text.
    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap_or_default()
    }

    pub fn url(&self, below: &str) -> String {
        format!("http://127.0.0.1:{}/{below}", self.port)
    }

    /// Lines of nginx's account: method, path, range that was asked for, status, bytes of the body.
    pub fn asked(&self) -> Vec<String> {
        self.text("access.log").lines().map(str::to_owned).collect()
    }

    /// nginx on a port, which gives out what lies in `root`; `more` stands in its `server`.
    pub fn nginx(root: &Path, more: &str) -> Server {
        Server::nginx_with(root, "", "", more)
    }

    /// The same, with something behind the port of `listen`, and something in `http`.
    pub fn nginx_with(root: &Path, listen: &str, http: &str, more: &str) -> Server {
        let (dir, port) = (tempfile::tempdir().unwrap(), free_port());
        let here = dir.path().display();
        let text = format!(
            "daemon off; master_process off; pid {here}/pid; error_log stderr error;\n\
             events {{ worker_connections 256; }}\n\
             http {{\n\
             log_format asked '$request_method $uri $http_range $status $body_bytes_sent';\n\
             access_log {here}/access.log asked; default_type application/octet-stream;\n\
             client_body_temp_path {here}/a; proxy_temp_path {here}/b; fastcgi_temp_path {here}/c;\n\
             uwsgi_temp_path {here}/d; scgi_temp_path {here}/e; {http}\n\
             server {{ listen 127.0.0.1:{port} {listen}; root {}; {more} }}\n}}\n",
            root.display()
        );
        let conf = dir.path().join("nginx.conf");
        fs::write(&conf, text).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-p").arg(dir.path()).args(["-e", "stderr", "-c"]).arg(conf);
        Server::start(command, dir, port)
    }

    /// A registry of images that keeps what it has below `storage`.
    pub fn registry(storage: &Path) -> Server {
        let (dir, port) = (tempfile::tempdir().unwrap(), free_port());
        let text = format!(
            "version: 0.1\nlog: {{ level: error, accesslog: {{ disabled: true }} }}\n\
             storage: {{ filesystem: {{ rootdirectory: {} }} }}\nhttp: {{ addr: \"127.0.0.1:{port}\", secret: x }}\n",
            storage.display()
        );
        let file = dir.path().join("config.yml");
        fs::write(&file, text).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(file).env("OTEL_TRACES_EXPORTER", "none");
        Server::start(command, dir, port)
    }

    /// A proxy, which writes down whom it is asked for.
    pub fn tinyproxy() -> Server {
        let (dir, port) = (tempfile::tempdir().unwrap(), free_port());
        let text = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nLogLevel Connect\nLogFile \"{}\"\n",
            dir.path().join("access.log").display()
        );
        let file = dir.path().join("tinyproxy.conf");
        fs::write(&file, text).unwrap();
        let mut command = Command::new("tinyproxy");
        command.arg("-d").arg("-c").arg(file);
        Server::start(command, dir, port)
    }
}

/// What an `Odd` server was asked: the path, and a header.
pub struct Asked {
    /// How many were asked before.
    pub number: usize,
    pub path: String,
    head: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")))?;
        line.split_once(':').map(|(_, value)| value.trim())
    }

    /// The first byte of `Range: bytes=N-`.
    pub fn from(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.split('-').next()?.parse().ok()
    }
}

/// A server that answers as the test says, one request for each connection.
pub struct Odd {
    pub port: u16,
    pub asked: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    listens: Option<JoinHandle<()>>,
}

impl Odd {
    /// `answer` writes what it wants; the connection is closed when it returns.
    pub fn serve(answer: impl Fn(&Asked, &mut TcpStream) + Send + Sync + 'static) -> Odd {
        let count = Arc::new(AtomicUsize::new(0));
        let (asked, answer) = (Arc::clone(&count), Arc::new(answer));
        let mut odd = Odd::listen(move |mut stream| {
            if let Some((path, head)) = read_head(&mut stream) {
                answer(&Asked { number: asked.fetch_add(1, Ordering::Relaxed), path, head }, &mut stream);
                close(&stream);
            }
        });
        odd.asked = count;
        odd
    }

    /// Before another server: of the answers it lets the first so many bytes through, head and all, then it hangs up.
    pub fn cutting(port: u16, cuts: &[usize]) -> (Odd, Arc<Mutex<Vec<Vec<u8>>>>) {
        let (cuts, passed) = (cuts.to_vec(), Arc::new(Mutex::new(Vec::new())));
        let (all, next) = (Arc::clone(&passed), AtomicUsize::new(0));
        let odd = Odd::listen(move |mut stream| {
            let cut = cuts.get(next.fetch_add(1, Ordering::Relaxed)).copied();
            let Some((_, head)) = read_head(&mut stream) else { return };
            let mut behind = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
            let head = head.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
            behind.write_all(head.as_bytes()).unwrap();
            let mut answer = Vec::new();
            behind.take(cut.map_or(u64::MAX, |cut| cut as u64)).read_to_end(&mut answer).unwrap();
            let _ = stream.write_all(&answer);
            all.lock().unwrap().push(answer);
            close(&stream);
        });
        (odd, passed)
    }

    fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Odd {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (is_over, serve) = (Arc::new(AtomicBool::new(false)), Arc::new(serve));
        let over = Arc::clone(&is_over);
        let listens = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let serve = Arc::clone(&serve);
                thread::spawn(move || serve(stream));
            }
        });
        Odd { port, asked: Arc::default(), is_over, listens: Some(listens) }
    }

    pub fn url(&self, below: &str) -> String {
        format!("http://127.0.0.1:{}/{below}", self.port)
    }

    pub fn count(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Odd {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // It sees that it is over when it is asked once more.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let _ = self.listens.take().map(JoinHandle::join);
    }
}

fn read_head(stream: &mut TcpStream) -> Option<(String, String)> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    Some((head.split(' ').nth(1)?.to_owned(), head))
}

/// What was written arrives, and is followed by an end.
fn close(stream: &TcpStream) {
    let _ = stream.shutdown(Shutdown::Write);
    let _ = std::io::copy(&mut &*stream, &mut std::io::sink());
}

/// An answer's head, with lines of its own.
pub fn head(status: &str, length: usize, more: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{more}\r\n")
}

/// A whole answer.
pub fn reply(stream: &mut TcpStream, status: &str, more: &str, body: &[u8]) {
    // Whoever hung up does not want it any more.
    let _ = stream.write_all(head(status, body.len(), more).as_bytes());
    let _ = stream.write_all(body);
}

/// Holds a connection open, and says nothing more, until the other side hangs up.
pub fn stall(stream: &mut TcpStream) {
    let _ = std::io::copy(stream, &mut std::io::sink());
}

/// A certificate authority that nobody knows, and a certificate for 127.0.0.1 from it: its file, and what nginx needs.
pub fn authority(dir: &Path) -> (PathBuf, String) {
    let path = |name: &str| dir.join(name);
    let openssl = |arguments: &[&str]| succeed(Command::new("openssl").args(arguments).current_dir(dir));
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let ca = ["req", "-x509", "-subj", "/CN=authority", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem"];
    openssl(&[&ca[..], &key].concat());
    openssl(&[&["req", "-subj", "/CN=server", "-keyout", "server.key", "-out", "server.csr"][..], &key].concat());
    fs::write(path("extensions"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    let sign = ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    openssl(&[&sign[..], &["-days", "2", "-extfile", "extensions", "-out", "server.pem"]].concat());
    let nginx = format!(
        "ssl_certificate {}; ssl_certificate_key {};",
        path("server.pem").display(),
        path("server.key").display()
    );
    (path("ca.pem"), nginx)
}
