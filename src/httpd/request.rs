//! What a client wants to read.

use super::percent;

/// A GET, or a HEAD, which is answered like one but without its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    pub is_head: bool,
    /// Decoded, with the slash it begins with.
    pub path: String,
    /// What stands behind the question mark, decoded, in its order.
    pub query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
}

impl Request {
    /// For what stands behind the method (RFC 9112, 3.2); nothing where that cannot be read.
    pub(super) fn new(is_head: bool, target: &str, headers: Vec<(String, String)>) -> Option<Request> {
        let target = match target.get(..7) {
            // As it is told to a proxy. A server must understand it as well.
            Some(scheme) if scheme.eq_ignore_ascii_case("http://") => {
                let rest = &target[7..];
                rest.find(['/', '?']).map_or("", |at| &rest[at..])
            }
            _ if target.starts_with('/') => target,
            _ => return None,
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = percent::decode(if path.is_empty() { "/" } else { path })?;
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = |text: &str| percent::decode(&text.replace('+', " "));
            Some((plain(name)?, plain(value)?))
        });
        Some(Request { is_head, path, query: pairs.collect::<Option<_>>()?, headers })
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).next()
    }

    /// All headers of this name, in their order.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The first value of this name in the query.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str) -> Option<Request> {
        Request::new(false, target, vec![("Host".to_owned(), "x".to_owned())])
    }

    #[test]
    fn a_target_is_a_path_and_a_query() {
        let asked = request("/v2/a%2fb/tags/list?n=5&last=a+b&ns=docker.io&&flag").unwrap();
        assert_eq!(asked.path, "/v2/a/b/tags/list");
        assert_eq!(asked.query("last"), Some("a b"));
        assert_eq!((asked.query("ns"), asked.query("flag"), asked.query("x")), (Some("docker.io"), Some(""), None));
        assert_eq!(asked.header("hOST"), Some("x"));
        for (target, path) in
            [("http://a:1/x?y", "/x"), ("HTTP://a", "/"), ("http://a?x=/y", "/"), ("/c++/../d", "/c++/../d")]
        {
            assert_eq!(request(target).unwrap().path, path, "{target}");
        }
    }

    #[test]
    fn what_is_no_path_is_no_request() {
        for target in ["*", "", "x", "a:443", "/%", "/%00", "/?a=%ff", "https://a/"] {
            assert_eq!(request(target), None, "{target}");
        }
    }
}
