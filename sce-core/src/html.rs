//! Text into HTML.

/// A text as it stands in HTML, between tags or in an attribute between double quotes.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A name that anybody may have given, as it stands in HTML: what would not show, or would turn the text round it, is written out.
#[must_use]
pub fn shown(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if hides(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect();
    escaped(&plain)
}

/// A sentence in which what stands between backticks is a name, a command or a key, as our messages have it; one whose backticks do not
/// pair is told as it is.
#[must_use]
pub fn sentence(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return shown(text);
    }
    let part = |(index, part): (usize, &&str)| match index % 2 {
        0 => shown(part),
        _ => format!("<code>{}</code>", shown(part)),
    };
    parts.iter().enumerate().map(part).collect()
}

/// Controls, marks of direction, joiners and the like (Unicode's general categories Cc and, of Cf, what hides or turns).
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_is_text_and_all_of_it_shows() {
        assert_eq!(shown("<b onclick=\"x\">&'"), "&lt;b onclick=&quot;x&quot;&gt;&amp;'");
        assert_eq!(shown("a\u{202e}fdp.exe\n\u{200b}"), "a\\u{202e}fdp.exe\\u{a}\\u{200b}");
        assert_eq!(shown("données/été.csv"), "données/été.csv");
    }

    #[test]
    fn what_stands_between_backticks_is_code_and_never_markup() {
        assert_eq!(sentence("wait, then `sce apply` & go"), "wait, then <code>sce apply</code> &amp; go");
        assert_eq!(sentence("`<b>` and `"), "`&lt;b&gt;` and `");
        assert_eq!(sentence("`a<`"), "<code>a&lt;</code>");
    }
}
