//! One flow, as people write it.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// TCP's number (IANA, "Assigned Internet Protocol Numbers").
pub(super) const TCP: u8 = 6;
/// UDP's number.
pub(super) const UDP: u8 = 17;
/// ICMP's number.
pub(super) const ICMP: u8 = 1;
/// The number of ICMP for IPv6.
pub(super) const ICMP_V6: u8 = 58;

/// One flow: its first packet, and the replies that it asks for.
///
/// In JSON `{"from","src_ip","dst_ip","protocol","src_port","dst_port"}`; `icmp_type` and `icmp_code` for ICMP, an echo request when left
/// out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct Flow {
    /// Where it starts.
    pub from: Source,
    /// The sender's address.
    pub src_ip: IpAddr,
    /// The address it is sent to.
    pub dst_ip: IpAddr,
    /// The protocol's number; ICMP over IPv6 is 58.
    pub protocol: u8,
    /// The sender's port; none means whichever lets the replies in, of 1024 to 65535.
    pub src_port: Option<u16>,
    /// The destination port of TCP and UDP, type times 256 and code of ICMP, 0 for other protocols.
    pub dst_port: u16,
}

/// Where a flow starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Anywhere on the internet.
    Internet,
    /// At an instance, an interface, a subnet or a gateway, by its id.
    Id(Box<str>),
}

/// Why something is no [`Flow`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidFlow {
    /// No such protocol.
    #[error("`{0}` is no protocol")]
    Protocol(String),
    /// TCP and UDP go to a port.
    #[error("a flow of {0} has no `dst_port`")]
    NoPort(&'static str),
    /// A packet is of one family.
    #[error("`{src_ip}` and `{dst_ip}` are of different families")]
    Families {
        /// The sender's address.
        src_ip: IpAddr,
        /// The address it is sent to.
        dst_ip: IpAddr,
    },
    /// Type and code are those of ICMP.
    #[error("`icmp_type` and `icmp_code` are for ICMP alone")]
    NotIcmp,
}

impl InvalidFlow {
    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Protocol(_) => Some("write `tcp`, `udp`, `icmp`, or a number from 0 to 255"),
            Self::NoPort(_) => Some("name the port, such as `\"dst_port\": 22`; one line for each"),
            Self::Families { .. } | Self::NotIcmp => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Internet => "internet",
            Self::Id(id) => id,
        })
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(if text == "internet" { Self::Internet } else { Self::Id(text.into()) })
    }
}

/// A flow as JSON has it; programs may note things of their own beside.
#[derive(Serialize, Deserialize)]
struct Record {
    from: Source,
    src_ip: IpAddr,
    dst_ip: IpAddr,
    protocol: serde_json::Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    src_port: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dst_port: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    icmp_type: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    icmp_code: Option<u8>,
}

impl TryFrom<Record> for Flow {
    type Error = InvalidFlow;

    fn try_from(record: Record) -> Result<Self, InvalidFlow> {
        let Record { from, src_ip, dst_ip, src_port, icmp_type, icmp_code, .. } = record;
        let (src_ip, dst_ip) = (src_ip.to_canonical(), dst_ip.to_canonical());
        if src_ip.is_ipv4() != dst_ip.is_ipv4() {
            return Err(InvalidFlow::Families { src_ip, dst_ip });
        }
        let protocol = protocol_number(&record.protocol, dst_ip)?;
        let icmp = matches!(protocol, ICMP | ICMP_V6);
        if !icmp && (icmp_type.is_some() || icmp_code.is_some()) {
            return Err(InvalidFlow::NotIcmp);
        }
        let dst_port = match (protocol, record.dst_port) {
            (TCP | UDP, Some(port)) => port,
            (TCP, None) => return Err(InvalidFlow::NoPort("TCP")),
            (UDP, None) => return Err(InvalidFlow::NoPort("UDP")),
            _ if icmp => {
                u16::from(icmp_type.unwrap_or(echo_request(protocol))) << 8 | u16::from(icmp_code.unwrap_or_default())
            }
            _ => 0,
        };
        let src_port = src_port.filter(|_| matches!(protocol, TCP | UDP));
        Ok(Self { from, src_ip, dst_ip, protocol, src_port, dst_port })
    }
}

impl From<Flow> for Record {
    fn from(flow: Flow) -> Self {
        let Flow { from, src_ip, dst_ip, protocol, src_port, dst_port } = flow;
        let [kind, code] = dst_port.to_be_bytes();
        let icmp = matches!(protocol, ICMP | ICMP_V6);
        Self {
            from,
            src_ip,
            dst_ip,
            protocol: protocol_name(protocol).map_or_else(|| protocol.into(), Into::into),
            src_port,
            dst_port: matches!(protocol, TCP | UDP).then_some(dst_port),
            icmp_type: icmp.then_some(kind),
            icmp_code: icmp.then_some(code),
        }
    }
}

/// What people call a protocol; none for one that they call by its number.
pub(super) fn protocol_name(number: u8) -> Option<&'static str> {
    match number {
        TCP => Some("tcp"),
        UDP => Some("udp"),
        ICMP | ICMP_V6 => Some("icmp"),
        _ => None,
    }
}

/// The type of an echo request, which a reply is for.
pub(super) fn echo_request(protocol: u8) -> u8 {
    if protocol == ICMP_V6 { 128 } else { 8 }
}

/// The type of an echo reply.
pub(super) fn echo_reply(protocol: u8) -> u8 {
    if protocol == ICMP_V6 { 129 } else { 0 }
}

fn protocol_number(written: &serde_json::Value, dst_ip: IpAddr) -> Result<u8, InvalidFlow> {
    let text = match written {
        serde_json::Value::String(text) => text.to_ascii_lowercase(),
        other => other.to_string(),
    };
    match text.as_str() {
        "tcp" => Ok(TCP),
        "udp" => Ok(UDP),
        "icmp" if dst_ip.is_ipv4() => Ok(ICMP),
        "icmp" | "icmpv6" => Ok(ICMP_V6),
        number => number.parse().map_err(|_| InvalidFlow::Protocol(text.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Flow, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_flow_reads_back_as_it_is_written() {
        for json in [
            r#"{"from":"internet","src_ip":"198.51.100.7","dst_ip":"203.0.113.5","protocol":"tcp","src_port":40000,"dst_port":22}"#,
            r#"{"from":"eni-1","src_ip":"10.0.0.4","dst_ip":"10.0.1.4","protocol":"icmp","icmp_type":8,"icmp_code":0}"#,
            r#"{"from":"i-1","src_ip":"2001:db8::1","dst_ip":"2001:db8::2","protocol":47}"#,
        ] {
            assert_eq!(serde_json::to_string(&read(json).unwrap()).unwrap(), json);
        }
    }

    #[test]
    fn an_echo_request_is_what_icmp_means() {
        let ping = read(r#"{"from":"i-1","src_ip":"10.0.0.4","dst_ip":"10.0.1.4","protocol":"ICMP"}"#).unwrap();
        assert_eq!((ping.protocol, ping.dst_port), (1, 0x0800));
        let ping =
            read(r#"{"from":"i-1","src_ip":"fd00::1","dst_ip":"fd00::2","protocol":"icmp","src_port":5}"#).unwrap();
        assert_eq!((ping.protocol, ping.dst_port, ping.src_port), (58, 0x8000, None));
    }

    #[test]
    fn what_is_no_flow_is_refused_by_name() {
        let flow = |rest: &str| read(&format!(r#"{{"from":"i-1","src_ip":"10.0.0.4",{rest}}}"#)).unwrap_err();
        assert!(flow(r#""dst_ip":"10.0.1.4","protocol":"tcp""#).starts_with("a flow of TCP has no `dst_port`"));
        assert!(flow(r#""dst_ip":"10.0.1.4","protocol":"tpc","dst_port":1"#).starts_with("`tpc` is no protocol"));
        assert!(flow(r#""dst_ip":"10.0.1.4","protocol":256"#).starts_with("`256` is no protocol"));
        assert!(flow(r#""dst_ip":"::1","protocol":47"#).contains("different families"));
        assert!(flow(r#""dst_ip":"10.0.1.4","protocol":"udp","dst_port":1,"icmp_type":8"#).contains("ICMP alone"));
    }
}
