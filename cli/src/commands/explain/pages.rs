//! The pages of `docs/errors`, one a code, embedded. A test keeps the list in step with the registry.

/// The page of a registered code.
pub(crate) fn of(code: &str) -> Option<&'static str> {
    PAGES.iter().find(|(id, _)| *id == code).map(|(_, page)| *page)
}

macro_rules! pages {
    ($($code:ident)*) => {
        static PAGES: &[(&str, &str)] = &[$(
            (
                stringify!($code),
                include_str!(concat!("../../../../docs/errors/", stringify!($code), ".md")),
            ),
        )*];
    };
}

// One line for each block of codes.
pages! {
    F0001 F0002 F0003 F0004 F0005 F0006
    F0101 F0102 F0103 F0104 F0105 F0106 F0107
    F0201 F0202 F0203 F0204 F0205 F0206 F0207 F0208 F0209 F0210 F0211 F0212 F0213 F0214 F0215 F0216 F0217
    F0301 F0302 F0303 F0304 F0305 F0306 F0307 F0309 F0310 F0311 F0312 F0313 F0314 F0315 F0316 F0317 F0318 F0319 F0320 F0321 F0322 F0323
    F0324 F0325 F0326 F0327 F0328 F0329
    F0401 F0402 F0403 F0404 F0405 F0406 F0407 F0408 F0409 F0410 F0411 F0412
    F0501 F0502 F0504
    F0601 F0602 F0603 F0604 F0605 F0606 F0607 F0608 F0609 F0610 F0611 F0612 F0613 F0614
    F0701 F0702 F0703
    F0801 F0802 F0803
    F0901 F0902 F0903 F0904
    F1001 F1002 F1003 F1004 F1005 F1006
    F1101 F1102 F1103 F1104 F1105 F1106 F1107
}
