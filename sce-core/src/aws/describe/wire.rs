//! The small shapes that answers are made of: texts, addresses, blocks, protocols, ports.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use crate::cidr::Cidr;

/// A text, borrowed from the file when it is written without escapes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Text<'a>(Cow<'a, str>);

/// A block; AWS drops host bits, and so does this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Block(pub(super) Cidr);

/// An address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ip(pub(super) IpAddr);

/// A protocol's number; none for all of them, which AWS writes `-1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Protocol(pub(super) Option<u8>);

/// A port, or an ICMP type or code; none for any, which AWS writes `-1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Port(pub(super) Option<u16>);

/// The number of a network ACL's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(pub(super) u16);

/// What an entry of a network ACL does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    Allow,
    Deny,
}

/// What may be left out or `null`, as some writers have it.
pub(super) fn nullable<'a, D: Deserializer<'a>, T: Deserialize<'a> + Default>(json: D) -> Result<T, D::Error> {
    Option::deserialize(json).map(Option::unwrap_or_default)
}

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'json: 'a, 'a> Deserialize<'json> for Text<'a> {
    fn deserialize<D: Deserializer<'json>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_str(Texts)
    }
}

struct Texts;

impl<'a> Visitor<'a> for Texts {
    type Value = Text<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

/// What a text, or a number, is read as.
trait Scalar: Sized {
    const EXPECTED: &'static str;

    fn of_text(text: &str) -> Option<Self>;

    fn of_number(_: i64) -> Option<Self> {
        None
    }
}

struct Scalars<T>(PhantomData<T>);

impl<T: Scalar> Visitor<'_> for Scalars<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::of_text(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        T::of_number(number).ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        let read = i64::try_from(number).ok().and_then(T::of_number);
        read.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }
}

macro_rules! scalars {
    ($($name:ident),*) => {
        $(
            impl<'a> Deserialize<'a> for $name {
                fn deserialize<D: Deserializer<'a>>(json: D) -> Result<Self, D::Error> {
                    json.deserialize_any(Scalars(PhantomData))
                }
            }
        )*
    };
}

scalars!(Block, Ip, Protocol, Port, Number, Action);

impl Scalar for Block {
    const EXPECTED: &'static str = "a block such as `10.0.0.0/16`";

    fn of_text(text: &str) -> Option<Self> {
        let net: IpNet = text.parse().ok()?;
        Cidr::try_from(net.trunc()).ok().map(Self)
    }
}

impl Scalar for Ip {
    const EXPECTED: &'static str = "an address such as `10.0.0.4`";

    fn of_text(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl Scalar for Protocol {
    const EXPECTED: &'static str = "`-1`, `tcp`, `udp`, `icmp`, `icmpv6` or a number up to 255";

    fn of_text(text: &str) -> Option<Self> {
        let number = match text {
            "all" => -1,
            "icmp" => 1,
            "tcp" => 6,
            "udp" => 17,
            "icmpv6" => 58,
            other => other.parse().ok()?,
        };
        Self::of_number(number)
    }

    fn of_number(number: i64) -> Option<Self> {
        match number {
            -1 => Some(Self(None)),
            other => u8::try_from(other).ok().map(|number| Self(Some(number))),
        }
    }
}

impl Scalar for Port {
    const EXPECTED: &'static str = "-1 or a number up to 65535";

    fn of_text(text: &str) -> Option<Self> {
        text.parse().ok().and_then(Self::of_number)
    }

    fn of_number(number: i64) -> Option<Self> {
        match number {
            -1 => Some(Self(None)),
            other => u16::try_from(other).ok().map(|port| Self(Some(port))),
        }
    }
}

impl Scalar for Action {
    const EXPECTED: &'static str = "`allow` or `deny`";

    fn of_text(text: &str) -> Option<Self> {
        match text {
            allow if allow.eq_ignore_ascii_case("allow") => Some(Self::Allow),
            deny if deny.eq_ignore_ascii_case("deny") => Some(Self::Deny),
            _ => None,
        }
    }
}

impl Scalar for Number {
    const EXPECTED: &'static str = "a number up to 65535";

    fn of_text(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    fn of_number(number: i64) -> Option<Self> {
        u16::try_from(number).ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_text_is_borrowed_unless_it_has_escapes() {
        assert!(matches!(read::<Text<'_>>("\"vpc-1\""), Ok(Text(Cow::Borrowed("vpc-1")))));
        assert!(matches!(read::<Text<'_>>("\"vpc\\u002d1\""), Ok(Text(Cow::Owned(text))) if text == "vpc-1"));
        assert!(matches!(read::<Option<Text<'_>>>("\"vpc-1\""), Ok(Some(Text(Cow::Borrowed(_))))));
    }

    #[test]
    fn host_bits_are_dropped_as_aws_does() {
        assert_eq!(read::<Block>("\"10.0.0.7/16\"").map(|block| block.0.to_string()), Ok("10.0.0.0/16".to_owned()));
        assert_eq!(
            read::<Block>("\"2001:DB8::1/32\"").map(|block| block.0.to_string()),
            Ok("2001:db8::/32".to_owned())
        );
        for text in ["\"10.0.0.0\"", "\"10.0.0.0/33\"", "\"\"", "7", "\"::ffff:10.0.0.0/104\""] {
            assert!(read::<Block>(text).unwrap_err().contains("a block such as"), "{text}");
        }
    }

    #[test]
    fn protocols_have_names_and_numbers() {
        let cases = [("\"-1\"", None), ("\"tcp\"", Some(6)), ("\"6\"", Some(6)), ("17", Some(17)), ("-1", None)];
        for (json, number) in cases {
            assert_eq!(read::<Protocol>(json), Ok(Protocol(number)), "{json}");
        }
        for json in ["\"tpc\"", "256", "\"-2\"", "[]"] {
            assert!(read::<Protocol>(json).unwrap_err().contains("`icmpv6`"), "{json}");
        }
    }

    #[test]
    fn ports_have_an_end() {
        assert_eq!(read::<Port>("-1"), Ok(Port(None)));
        assert_eq!(read::<Port>("65535"), Ok(Port(Some(65535))));
        for json in ["65536", "-2", "1e9", "\"ssh\"", "18446744073709551615"] {
            assert!(read::<Port>(json).unwrap_err().contains("65535"), "{json}");
        }
    }
}
