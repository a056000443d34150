//! The time of day, in one format.

use jiff::{Timestamp, Unit, tz::TimeZone};

/// Now as RFC 3339 in UTC with milliseconds: `2026-11-22T14:05:09.123Z`.
pub fn now() -> String {
    let now = Timestamp::now();
    now.round(Unit::Millisecond).unwrap_or(now).to_string()
}

/// Now for the name of a file, in the machine's own time zone: `20261122-140509`.
pub fn stamp() -> String {
    Timestamp::now().to_zoned(TimeZone::system()).strftime("%Y%m%d-%H%M%S").to_string()
}

/// Now as HTTP writes it (RFC 9110, 5.6.7): `Sun, 22 Nov 2026 14:05:09 GMT`.
pub fn http_date() -> String {
    Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Seconds since 1970 as RFC 3339 in UTC; nothing for a time that no calendar has.
pub fn from_epoch(seconds: i64) -> Option<String> {
    Timestamp::from_second(seconds).ok().map(|time| time.to_string())
}

/// A file's time as RFC 3339 in UTC, to the second.
pub fn at(time: std::time::SystemTime) -> String {
    let time = Timestamp::try_from(time).unwrap_or_default();
    time.round(Unit::Second).unwrap_or(time).to_string()
}

/// Milliseconds since 1970 of a time in RFC 3339; nothing for what is none.
pub fn epoch_ms(rfc3339: &str) -> Option<i64> {
    rfc3339.parse::<Timestamp>().ok().map(|time| time.as_millisecond())
}

/// Milliseconds since 1970 of a time as HTTP writes it; nothing for what is none.
pub fn http_epoch_ms(date: &str) -> Option<i64> {
    let words: Vec<&str> = date.split(' ').collect();
    let [_, day, month, year, time, "GMT"] = words.as_slice() else { return None };
    let month = MONTHS.iter().position(|name| name == month)? + 1;
    epoch_ms(&format!("{year}-{month:02}-{day}T{time}Z"))
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A time in RFC 3339 as RFC 5322 has it, in UTC, as Debian's archives write it: `Sun, 22 Nov 2026 14:05:09 UTC`.
pub fn rfc5322(rfc3339: &str) -> Option<String> {
    let time = rfc3339.parse::<Timestamp>().ok()?;
    Some(time.strftime("%a, %d %b %Y %H:%M:%S UTC").to_string())
}

/// A time of ours as a person reads it here: `22 Nov 2026 15:05`. Anything else comes back as it is.
pub fn for_people(rfc3339: &str) -> String {
    match rfc3339.parse::<Timestamp>() {
        Ok(time) => time.to_zoned(TimeZone::system()).strftime("%-d %b %Y %H:%M").to_string(),
        Err(_) => rfc3339.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_http_is_read_as_it_is_written() {
        let second = |ms: i64| ms / 1000;
        assert_eq!(http_epoch_ms("Sat, 28 Nov 2026 09:14:42 GMT"), epoch_ms("2026-11-28T09:14:42Z"));
        let now = second(epoch_ms(&now()).unwrap());
        assert!((second(http_epoch_ms(&http_date()).unwrap()) - now).abs() <= 1);
        assert_eq!([http_epoch_ms(""), http_epoch_ms("Sat, 28 Nix 2026 09:14:42 GMT")], [None, None]);
    }
}
