//! The scripts that draw figures, and the policy that allows only them.

use sha2::{Digest, Sha256};

const VEGA: &str = include_str!("../../vendor/vega.min.js");
const VEGA_LITE: &str = include_str!("../../vendor/vega-lite.min.js");
const INTERPRETER: &str = include_str!("../../vendor/vega-interpreter.js");
const PAGE: &str = include_str!("page.js");

const IMPORT: &str = "import { ascending, isString, DisallowedObjectProperties } from 'vega-util';";
const EXPORT: &str = "export { expression as expressionInterpreter };";

/// Vega, Vega-Lite, the interpreter of Vega's expressions, and the loader, as one script.
///
/// The interpreter is published as a module; its one import and its one export are rewritten to the global that `vega.min.js` makes.
pub(super) fn script() -> String {
    let interpreter = INTERPRETER
        .replace(IMPORT, "const { ascending, isString, DisallowedObjectProperties } = vega;")
        .replace(EXPORT, "return expression;");
    let parts = [
        VEGA,
        VEGA_LITE,
        &format!("var vegaInterpreter = (function () {{\n\"use strict\";\n{interpreter}\n}})();"),
        PAGE,
    ];
    let mut script = String::new();
    for part in parts {
        for line in part.lines().filter(|line| !line.starts_with("//# sourceMappingURL=")) {
            script.push_str(line);
            script.push('\n');
        }
        script.push_str(";\n");
    }
    script
}

/// The content security policy of a page with this script, or with none.
pub(super) fn policy(script: Option<&str>) -> String {
    let scripts = script.map_or_else(
        || "'none'".into(),
        |script| format!("'sha256-{}'", base64(&Sha256::digest(script.as_bytes()))),
    );
    format!(
        "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; \
         base-uri 'none'; form-action 'none'"
    )
}

/// Base 64 with padding, RFC 4648.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let index = (group >> (18 - 6 * at)) & 63;
            let is_padding = at > chunk.len() as u32;
            text.push(if is_padding { '=' } else { char::from(ALPHABET[index as usize]) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_follows_the_standard() {
        // RFC 4648, section 10
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (raw, text) in cases {
            assert_eq!(base64(raw.as_bytes()), text);
        }
    }

    #[test]
    fn the_interpreter_becomes_a_plain_script() {
        assert!(INTERPRETER.contains(IMPORT) && INTERPRETER.contains(EXPORT));
        let script = script();
        assert!(!script.contains("from 'vega-util'") && !script.contains("export {"));
        assert!(!script.contains("sourceMappingURL"));
    }

    #[test]
    fn no_script_can_end_its_element() {
        let script = script();
        assert!(!script.contains("</script") && !script.contains("<!--"));
        assert!(
            !script.contains('\r'),
            "a page reader would change line ends and with them the hash"
        );
    }
}
