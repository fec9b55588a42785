//! The words that the rules of [`names`](super::names) know, by what they say.
//!
//! A list holds what is *said*, in the languages that properties are named in; [`names`](super::names) says what follows
//! from it. Words are without diacritics, as [`words`](super::words) makes them.

use std::sync::LazyLock;

use super::words::{Set, set};

/// Whoever reads the value knows who somebody is, how to reach them, where they live, or a secret of theirs. Wherever they
/// stand in a name.
pub(super) static PERSONAL: Set = LazyLock::new(|| {
    set(
        "email emails mail mails phone phones telephone tel mobile mobiles cell cellphone cellular fax msisdn whatsapp \
         telegram skype wechat viber pager \
         firstname lastname surname surnames forename forenames familyname givenname middlename maidenname fullname \
         displayname realname username usernames nickname nick initials salutation login logins \
         address addresses street streets postcode postcodes postal postalcode zip zipcode apartment apt doorbell \
         latitude longitude lat lng lon geo gps geohash geolocation coordinates coords \
         birth birthday birthdate birthplace birthyear born dob \
         avatar photo photos picture pictures selfie signature portrait headshot fingerprint \
         ssn nino passport iban bic swiftcode cpf curp nif aadhaar pesel bsn insee vin cvv cvc pan last4 \
         password passwords passwd pwd passphrase secret secrets otp totp mnemonic credential credentials \
         idfa idfv gaid aaid imei imsi iccid cookie cookies jwt \
         bio biography comment comments feedback note notes memo remark remarks transcript \
         assignee recipient recipients payer payee beneficiary cardholder invitee inviter \
         website homepage useragent \
         vorname nachname familienname zuname spitzname benutzername strasse hausnummer plz postleitzahl wohnort telefon \
         telefonnummer handy handynummer rufnummer geburtsdatum geburtstag geburtsort anschrift adresse adressen \
         kontonummer steuernummer passwort kennwort ansprechpartner anrede bemerkung notiz \
         prenom courriel rue naissance codepostal motdepasse portable \
         apellido apellidos correo telefono telefonos movil direccion calle nacimiento contrasena dni cedula celular \
         sobrenome apelido endereco rua telefone nascimento senha cep \
         cognome indirizzo cellulare nascita codicefiscale \
         voornaam achternaam tussenvoegsel straat straatnaam huisnummer telefoon telefoonnummer geboortedatum \
         wachtwoord adres \
         imie nazwisko ulica haslo fornamn efternamn personnummer gata epost fornavn etternavn efternavn fodselsdato tlf \
         etunimi sukunimi puhelin osoite sahkoposti jmeno prijmeni ulice soyad soyadi soyisim isim eposta cep alamat \
         familiya familia otchestvo telefonu",
    )
});

/// Written without spaces between words, or in letters of their own: wherever they stand in a name.
pub(super) const PERSONAL_IN_OTHER_SCRIPTS: &[&str] = &[
    "имя",
    "фамил",
    "отчеств",
    "фио",
    "телефон",
    "почта",
    "адрес",
    "рожден",
    "пароль",
    "ім'я",
    "прізвищ",
    "όνομα",
    "ονομα",
    "επωνυμ",
    "τηλεφων",
    "διευθυν",
    "姓名",
    "名字",
    "姓",
    "电话",
    "電話",
    "手机",
    "手機",
    "邮箱",
    "郵箱",
    "邮件",
    "地址",
    "生日",
    "身份证",
    "密码",
    "名前",
    "氏名",
    "住所",
    "メール",
    "生年月日",
    "携帯",
    "이름",
    "성명",
    "전화",
    "주소",
    "이메일",
    "생년월일",
    "اسم",
    "هاتف",
    "عنوان",
    "بريد",
    "نام",
    "नाम",
    "फोन",
    "ईमेल",
    "पता",
];

/// Parts that say it in whatever longer word they stand.
pub(super) const PARTS: &[&str] = &[
    "email",
    "telefon",
    "telephone",
    "phone",
    "firstname",
    "lastname",
    "fullname",
    "surname",
    "username",
    "birth",
    "geburt",
    "passport",
    "password",
    "passwor",
    "socialsecurity",
    "creditcard",
    "adress",
    "address",
    "anschrift",
];

/// Words that hold such a part, and say something else.
pub(super) static NOT_PERSONAL: Set = LazyLock::new(|| {
    set(
        "iphone iphones smartphone smartphones microphone microphones headphone headphones earphone earphones megaphone \
         gramophone saxophone addressable rename renamed tournament payment payments automobile",
    )
});

/// What the makers of a product call by a name: neither somebody's, nor written by its users. What users name (a file, a
/// project, a team, a list) is not among them: they name things after people, too.
pub(super) static PRODUCT: Set = LazyLock::new(|| {
    set(
        "event plan feature page screen view product item sku app application program campaign adset adgroup ad button cta \
         link brand category subcategory coupon promotion promo offer discount voucher deal variant variation tier role \
         company organisation organization org corporation business employer vendor merchant store shop affiliation \
         template form field flow survey questionnaire quiz step stage section tab menu nav module component widget theme \
         experiment test flag toggle metric report dashboard chart column table database schema index queue topic job \
         service host server domain device browser os system platform model carrier network manufacturer currency country \
         region continent language locale timezone industry sector department segment cohort audience source medium channel \
         referral placement creative banner popup modal tooltip checklist tour type class method function action status \
         tag label version release build package library lib sdk framework integration plugin extension tool provider \
         gateway payment shipping courier bank subscription license licence trial bundle collection catalog catalogue \
         game level course lesson video song track album show episode genre movie series \
         attribute property parameter param variable setting option key code path query error exception warning \
         environment env cluster node zone container pod deployment branch pipeline goal badge reward achievement icon \
         color colour size material font layout position sport exchange api endpoint route operation command process \
         notification push sms newsletter workflow automation trigger rule permission scope resource \
         hotel restaurant airline airport station venue",
    )
});

/// Words for a name.
pub(super) static NAMES: Set =
    LazyLock::new(|| set("name names nom nombre nombres nome nomi naam namn navn nama nimi nazwa"));

/// Words for texts that somebody writes, places and pictures of them; of a product's parts they are its makers'.
pub(super) static TEXTS: Set = LazyLock::new(|| {
    set("title description text message messages body subject caption headline location locations about query search \
         question reply answer prompt review memo")
});

/// Whom something is about or done by.
pub(super) static ROLES: Set = LazyLock::new(|| {
    set(
        "user customer contact person human member employee patient student pupil teacher doctor physician nurse driver \
         guest buyer seller shopper consumer recipient receiver sender shipper consignee author owner creator editor \
         assignee assigner reviewer approver applicant candidate subscriber passenger rider manager supervisor attendee \
         participant respondent requester reporter holder spouse parent child mother father guardian representative rep \
         caller callee kontakt kunde kundin client prospect lead friend relative sibling founder ceo billto shipto \
         beneficiary salesperson admin administrator operator agent advisor lawyer tenant landlord visitor \
         account profile resident donor voter usuario cliente utilisateur benutzer nutzer mitarbeiter",
    )
});

/// Roles that name somebody when nothing follows them. Of the others (`client`, `agent`, `lead`, `account`, …) a product
/// says other things as well.
pub(super) static PEOPLE: Set = LazyLock::new(|| {
    set(
        "user customer contact person employee patient student pupil teacher doctor physician nurse driver guest buyer \
         seller shopper recipient receiver sender consignee author owner creator editor assignee assigner reviewer approver \
         applicant candidate subscriber passenger rider manager supervisor attendee participant respondent requester \
         reporter spouse parent mother father guardian representative rep caller callee kontakt kunde kundin friend relative \
         founder ceo salesperson usuario utilisateur benutzer nutzer mitarbeiter",
    )
});

/// The customer's ids of whom and which company something is about stand in the keyring only.
pub(super) static OWNERS: Set = LazyLock::new(|| {
    set("company organisation organization org group tenant account workspace anonymous distinct external device \
         advertising advertiser push player subscriberkey client national tax vat card passport bank government")
});
pub(super) static IDS: Set =
    LazyLock::new(|| set("id ids uuid guid uid key no nr num number numbers code ref reference hash identifier"));

/// Words before a place that make it somebody's.
pub(super) static WHOSE: Set = LazyLock::new(|| {
    set(
        "billing shipping delivery mailing home residential residence birth emergency private personal work office pickup \
         invoice destination invoicing",
    )
});
pub(super) static PLACES: Set = LazyLock::new(|| {
    set(
        "city town village suburb district county municipality neighborhood neighbourhood ort stadt ville ciudad cidade \
         citta stad miasto line line1 line2 unit suite house road",
    )
});

/// What is said of a personal thing without saying it, when a name ends so.
pub(super) static STATES: Set = LazyLock::new(|| {
    set(
        "opened clicked sent bounced delivered verified verification confirmed validated valid invalid enabled disabled \
         subscribed unsubscribed opted optin optout status state type kind count counts length size format provider \
         campaign template version changed updated added removed provided required available present complete completed \
         missing visible shown hidden consent at rate ratio score percentage percent total index position color colour \
         model os platform brand manufacturer app web validation error errors source channel frequency preference \
         preferences notification notifications marketing alerts engagement country region continent timezone locale \
         language role tier plan segment quality used",
    )
});
/// A question that is answered by yes or no, when a name begins so.
pub(super) static QUESTIONS: Set = LazyLock::new(|| set("is has have can did was were should does allow allows"));
/// How many, when a name begins so and ends in what is counted.
pub(super) static QUANTITIES: Set = LazyLock::new(|| {
    set("total num number count max min avg average sum active daily weekly monthly yearly nb unique")
});

/// What law protects most (GDPR, articles 9 and 10), and what somebody earns: personal wherever they stand, with no
/// excuse: `has_disability` and `marital_status` say it as much as the word alone.
pub(super) static SENSITIVE: Set = LazyLock::new(|| {
    set(
        "gender genders geschlecht sex sexe sexo sesso geslacht plec cinsiyet sukupuoli genero pronouns gay lesbian lgbt \
         lgbtq queer transgender \
         married divorced widowed marital familienstand zivilstand verheiratet matrimonial race racial caste criminal \
         conviction convictions church faith beliefs konfession wyznanie \
         ethnicity ethnic nationality citizenship ciudadania cidadania cittadinanza obywatelstwo narodowosc \
         political politics politisch politique partei biometric biometrics biometry \
         health medical medicine illness illnesses disease diseases disorder hiv diagnosis diagnoses diagnosed diagnose \
         diagnosen diagnostico diagnosi diagnoza maladie sante enfermedad salud doenca saude deficiencia malattia ziekte \
         gezondheid choroba zdrowie enceinte grossesse zwanger \
         salary salaries wage wages income gehalt jahresgehalt monatsgehalt lohn einkommen salaire sueldo salario reddito \
         stipendio salaris inkomen wynagrodzenie zarobki",
    )
});

/// Parts that say the same in whatever longer word they stand; those in letters of their own, too.
pub(super) const SENSITIVE_PARTS: &[&str] = &[
    "pregnan",
    "schwanger",
    "embaraz",
    "gravid",
    "disabilit",
    "behinder",
    "handicap",
    "discapacid",
    "allerg",
    "alergi",
    "medication",
    "medikament",
    "medicament",
    "symptom",
    "sintoma",
    "krankheit",
    "erkrankung",
    "gesundheit",
    "vaccin",
    "religi",
    "ethnic",
    "ethnie",
    "etnia",
    "nationalit",
    "nazionalit",
    "nacionalid",
    "citizenship",
    "staatsangehor",
    "staatsburger",
    "sexual",
    "biometri",
    "genetic",
    "gewerkschaft",
    "религ",
    "национальн",
    "гражданств",
    "зарплат",
    "беремен",
    "диагноз",
    "инвалид",
    "宗教",
    "性别",
    "性別",
    "国籍",
    "國籍",
    "婚姻",
    "工资",
    "年収",
    "妊娠",
    "怀孕",
    "健康",
    "诊断",
    "診断",
];

/// Two words that say the same together.
pub(super) static SENSITIVE_PAIRS: Set = LazyLock::new(|| {
    set(
        "blood.type blood.group trade.union labor.union labour.union union.member union.members union.membership union.dues \
         estado.civil etat.civil stato.civile burgerlijke.staat stan.cywilny",
    )
});

/// What is said of machines in words of medicine.
pub(super) static NOT_SENSITIVE_PAIRS: Set = LazyLock::new(|| {
    set("health.check health.checks service.health system.health server.health host.health cluster.health node.health \
         api.health app.health database.health endpoint.health race.condition race.conditions")
});

/// Two words that say it together.
pub(super) static PAIRS: Set = LazyLock::new(|| {
    set("zip.code postal.code post.code house.number hausnummer.zusatz driver.license driver.licence \
         drivers.license drivers.licence license.plate licence.plate number.plate social.security sort.code routing.number \
         account.number card.number credit.card debit.card user.agent search.term search.terms search.query search.text \
         search.keyword search.keywords search.string contact.info contact.details contact.data first.name last.name \
         next.kin code.postal mot.passe codice.fiscale numero.telephone \
         access.token auth.token refresh.token session.token bearer.token id.token api.token reset.token device.token \
         push.token csrf.token api.key secret.key private.key access.key license.key assigned.to assign.to sent.to \
         shared.with reports.to shipped.to deliver.to billed.to bill.to ship.to invited.user \
         street.number door.code full.name e.mail")
});

/// Who did it: a name that ends in *by*, unless it says how.
pub(super) static NOT_BY_SOMEBODY: Set = LazyLock::new(|| {
    set(
        "sort sorted order ordered group grouped filter filtered split powered multiplied divided triggered caused paid \
         limited ranked break broken sold",
    )
});

/// Services whose names stand for an account there.
pub(super) static SOCIAL: Set = LazyLock::new(|| {
    set(
        "twitter linkedin facebook instagram github gitlab tiktok snapchat discord mastodon bluesky threads pinterest youtube",
    )
});
pub(super) static SOCIAL_ACCOUNT: Set = LazyLock::new(|| set("id handle url profile user account link page alias"));

/// What ends a name without separators and says enough by itself.
pub(super) const TAILS: &[&str] = &[
    "email",
    "phone",
    "name",
    "mail",
    "street",
    "address",
    "birthday",
    "birthdate",
    "postcode",
    "zipcode",
    "surname",
    "strasse",
    "telefon",
    "adresse",
];

/// Names of product codes: digits in groups are theirs.
pub(super) static CODES: Set = LazyLock::new(|| {
    set(
        "sku isbn ean upc gtin mpn barcode version build release invoice order tracking ticket serial timestamp date time \
         range period firmware",
    )
});
/// Names of quantities and ids: long rows of digits are theirs. A mere *number* does not say of what: `order_number` is a
/// code, `callback_number` somebody's.
pub(super) static QUANTITY: Set = LazyLock::new(|| {
    set("id ids count amount total subtotal price revenue size bytes length duration ms millis micros \
         seconds at index offset hash position width height balance quota limit usage cost tax discount quantity epoch \
         expires expiry session transaction checkout cart product item reference ref views impressions mrr arr ltv")
});
/// Names of versions: four numbers with dots are theirs, too.
pub(super) static VERSIONS: Set = LazyLock::new(|| set("version versions ver build release firmware sdk driver os"));

/// Whether any rule knows a word.
pub(super) fn is_known(word: &str) -> bool {
    static SETS: [&Set; 20] = [
        &SENSITIVE,
        &PERSONAL,
        &NOT_PERSONAL,
        &PRODUCT,
        &NAMES,
        &TEXTS,
        &ROLES,
        &OWNERS,
        &WHOSE,
        &PLACES,
        &STATES,
        &QUESTIONS,
        &QUANTITIES,
        &SOCIAL,
        &CODES,
        &QUANTITY,
        &VERSIONS,
        &IDS,
        &PEOPLE,
        &JOINED,
    ];
    SETS.iter().any(|set| set.contains(word))
}

/// Words that matter only as parts of names without separators.
static JOINED: Set =
    LazyLock::new(|| set("first last middle full given family display real nick maiden contact package message"));
