use super::*;
use proptest::prelude::*;
use serde_json::json;

#[test]
fn what_leads_to_somebody_is_seen() {
    for text in [
        "ana@example.org",
        "Ana <ana.b+c@mail.example.co.uk>, hello",
        "https://x.example/?e=ana%40example.org",
        "ana＠example.org",
        "+49 170 1234567",
        "0049 170 1234567",
        "0170 1234567",
        "(020) 7946 0958",
        "020-7946-0958 ",
        "415-5550142",
        "tel:+491701234567",
        "%2B49%20170%201234567",
        "call me at 06 12 34 56 78 please",
        "４９１７０１２３４５６７",
        "4155550142",
        "01705550142",
        "01632960123",
        "/customers/01705550142/orders",
        "192.0.2.7",
        "from 192.0.2.7:8080",
        "[2001:db8::1]:443",
        "2001:db8::1",
        "DE89 3704 0044 0532 0130 00",
        "IBAN: GB29NWBK60161331926819.",
        "4111 1111 1111 1111",
        "paid with 4111-1111-1111-1111",
        "00:1A:2B:3C:4D:5E",
        "52.5200, 13.4050",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJl",
        "I talked to my colleague about this and we both think so",
        "私は昨日同僚とこの件について話しましたが賛成です",
    ] {
        assert!(text_looks_personal(text), "{text}");
    }
}

#[test]
fn what_products_count_is_left_alone() {
    for text in [
        "pro",
        "Invoice Sent",
        "2026-10-01",
        "2026-10-01T10:00:00.000Z",
        "2026-10-01 10.00.00",
        "2026-10-01 - 2026-10-31",
        "01.10.2026",
        "10/01/2026",
        "202610011200",
        "12345678",
        "1790812800",
        "1790812800000",
        "1.2.3",
        "v2.10.0",
        "142.0.7444.59",
        "10 000 000",
        "1,299.00",
        "EUR",
        "a@b",
        "@home",
        "@pilotfish/browser",
        "INV-2026-000123",
        "3f2504e0-4f89-11d3-9a0c",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "abcdefab-4089-4133-9012-abcdefabcdef",
        "507f191e810c19729de860ea",
        "1920x1080",
        "10:00 - 11:30",
        "std::io",
        "::",
    ] {
        assert!(!text_looks_personal(text), "{text}");
    }
}

#[test]
fn what_is_inside_a_list_or_object_is_seen() {
    let looks = |value| value_looks_personal("a", false, &value);
    assert!(looks(json!({"a": [1, {"b": "ana@example.org"}]})));
    assert!(looks(json!({"ana@example.org": 1})));
    assert!(looks(json!({"first_name": "Ana"})));
    assert!(looks(json!([[52.520_01, 13.405_02]])));
    assert!(!looks(json!({"a": [1, {"b": "x"}]})));
    assert!(value_looks_personal("billing", false, &json!({"city": "Graz"})));
    assert!(!value_looks_personal("products", false, &json!([{"name": "Chair", "price": 12.5}])));
}

#[test]
fn numbers_are_judged_by_their_name() {
    for number in [json!(491_705_550_142_u64), json!(4_155_550_142_u64), json!(491_705_550_142.0)] {
        assert!(value_looks_personal("answer_to", false, &number), "{number}");
        assert!(!value_looks_personal("file_size", false, &number), "{number}");
    }
    assert!(value_looks_personal("order_id", false, &json!(4_111_111_111_111_111_u64)));
    for number in
        [json!(1_790_812_800), json!(1_790_812_800_000_u64), json!(12_345_678), json!(1.5), json!(-4_155_550_142_i64)]
    {
        assert!(!value_looks_personal("answer", false, &number), "{number}");
    }
}

#[test]
fn own_ids_are_found_in_texts() {
    let own = ["u-17", "42", "customer-4711"];
    for text in ["u-17", "42", "U-17", "opened by u-17.", "xcustomer-4711x", "a/u-17/b"] {
        assert!(mentions(text, &own), "{text}");
    }
    for text in ["u-170", "menu-17", "plan 42", "142", ""] {
        assert!(!mentions(text, &own), "{text}");
    }
    assert!(holds_id(&json!({"a": [{"u-17": 1}]}), &own));
    assert!(holds_id(&json!(4711), &["4711"]));
    assert!(!holds_id(&json!(42), &own));
}

proptest! {
    #[test]
    fn an_address_is_seen_anywhere(before in "[a-z ]{0,10}", local in "[a-z0-9.]{0,8}[a-z0-9]", domain in "[a-z]{1,8}\\.[a-z]{2,5}", after in "[ ,;)>]{0,1}[a-z ]{0,5}") {
        let text = format!("{before}{local}@{domain}{after}");
        prop_assert!(has_email(&text), "{}", text);
    }

    #[test]
    fn a_number_is_seen_anywhere(before in "([a-z]{1,6} ){0,2}", number in "\\+[1-9][0-9]{1,2} [0-9]{3} [0-9]{4,6}", after in "( [a-z]{1,5}){0,2}") {
        let text = format!("{before}{number}{after}");
        prop_assert!(names_somebody(&text), "{}", text);
    }

    #[test]
    fn a_glance_rules_out_nothing_that_a_closer_look_finds(
        text in prop_oneof![
            "[a-f0-9@%.:?#+ -]{0,40}",
            "([0-9]{1,4}[-. /]){1,5}[0-9]{1,5}",
            "([0-9a-f]{2}[:-]){5}[0-9a-f]{2}",
            " ?eyJ[a-zA-Z0-9.]{0,30}",
            "([a-z]{1,9}[ \t\u{a0}]){0,12}[a-zäß日本]{0,30}",
            "[0-9]{1,3}(\\.[0-9]{1,3}){3}(:[0-9]{2})?",
            "[A-Z]{2}[0-9]{2}[A-Z0-9 ]{10,30}",
        ],
    ) {
        let glance = Glance::at(&text);
        prop_assert!(!glance.leads_nowhere(&text) || !leads_to_somebody_closely(&text, &|| UNEXPLAINED), "{}", text);
        prop_assert!(!glance.is_short(&text) || !is_long_closely(&text), "{}", text);
        prop_assert!(!glance.leads_to_no_machine() || !has_ip(&text), "{}", text);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,60}", id in "\\PC{0,12}") {
        let _ = (text_looks_personal(&text), mentions(&text, &[&id]), is_ip(&text));
    }
}
