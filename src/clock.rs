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
