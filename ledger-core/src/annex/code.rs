//! Every rule that a finding may be about: its stable name, what it does, what it says and what helps.
//!
//! Names are never changed, since programs compare them; texts may be. `{kind}` in a text stands for what the field
//! asks for, so that a reader knows what to write. `docs/codes.md` is made from this table.

/// What a rule does to what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing of the message is read.
    Refuses,
    /// Nothing of the message is read where it is about the message or its list; else the item is not recorded.
    RefusesOrRejects,
    /// The item is not recorded.
    Rejects,
    /// The item is recorded, with this finding.
    Flags,
    /// The one or the other: by the field, or by whether the table of codes is kept strictly.
    RejectsOrFlags,
    /// Told by a node's intake, which knows what was recorded before.
    Intake,
}

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident $text:literal $effect:ident $source:literal
        $zh:literal $zh_help:literal $en:literal $en_help:literal)*) => {
        /// The rule that a finding is about. Names are stable: programs may compare them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $en] $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it does.
            #[must_use]
            pub const fn effect(self) -> Effect {
                match self { $(Self::$name => Effect::$effect,)* }
            }

            /// The law, standard or document that it follows.
            #[must_use]
            pub const fn source(self) -> &'static str {
                match self { $(Self::$name => $source,)* }
            }

            /// What is wrong or odd, in Chinese.
            #[must_use]
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$name => $zh,)* }
            }

            /// What to do, in Chinese.
            #[must_use]
            pub const fn zh_help(self) -> &'static str {
                match self { $(Self::$name => $zh_help,)* }
            }

            /// What is wrong or odd, in English: goes on behind the field's name.
            #[must_use]
            pub const fn en(self) -> &'static str {
                match self { $(Self::$name => $en,)* }
            }

            /// What to do, in English.
            #[must_use]
            pub const fn en_help(self) -> &'static str {
                match self { $(Self::$name => $en_help,)* }
            }
        }
    };
}

codes! {
    // The whole message cannot be read.
    MessageTooLong "MESSAGE_TOO_LONG" Refuses "this program"
        "报文过长" "请分成几份报文报送"
        "the message is too long" "send it as several messages"
    JsonByteOrderMark "JSON_BYTE_ORDER_MARK" Refuses "RFC 8259, 8.1"
        "报文以字节顺序标记（BOM）开头" "请另存为不带 BOM 的 UTF-8 后报送"
        "the message begins with a byte-order mark" "save it as UTF-8 without one"
    JsonUtf16 "JSON_UTF16" Refuses "RFC 8259, 8.1"
        "报文是 UTF-16 编码（Windows 记事本中称为 Unicode）" "请另存为不带 BOM 的 UTF-8 后报送"
        "the message is in UTF-16" "save it as UTF-8 without a byte-order mark"
    JsonGb18030 "JSON_GB18030" Refuses "RFC 8259, 8.1"
        "报文是 GB18030（GBK）编码" "请转换为 UTF-8 后报送"
        "the message is in GB18030 (GBK)" "convert it to UTF-8"
    JsonNotUtf8 "JSON_NOT_UTF8" Refuses "RFC 8259, 8.1"
        "报文不是 UTF-8 编码" "请核对文件是否完整，并转换为 UTF-8 后报送"
        "the message is not UTF-8" "see whether the file is whole, and convert it to UTF-8"
    JsonSyntax "JSON_SYNTAX" Refuses "RFC 8259"
        "报文不符合 JSON 语法，此处的字符不应出现" "请由平台开发人员按行号和列号修改后报送"
        "the message is not JSON: unexpected character" "have the platform's developers mend it at this line and column"
    JsonTruncated "JSON_TRUNCATED" Refuses "RFC 8259"
        "报文不完整，在结尾处中断" "请核对文件是否传输完整，再重新报送"
        "the message ends before its JSON does" "see whether all of the file was sent, and send it again"
    JsonTrailing "JSON_TRAILING" Refuses "RFC 8259"
        "报文结束后还有多余内容" "请删去多余内容；几份报文请分别报送"
        "something follows the JSON" "take it away; send several messages one by one"
    JsonTooDeep "JSON_TOO_DEEP" Refuses "this program"
        "报文嵌套层数过多" "请按《数据对接规范》的层次组织报文"
        "the JSON is nested too deeply" "nest it as the specification does"
    JsonTooManyValues "JSON_TOO_MANY_VALUES" Refuses "this program"
        "报文中的取值过多" "请分成几份报文报送"
        "the JSON has too many values" "send it as several messages"
    JsonLoneSurrogate "JSON_LONE_SURROGATE" Refuses "RFC 8259, 8.2"
        "文字中有半个字符（不成对的 UTF-16 代理字符）" "请由平台开发人员按整字截取文字后重新报送"
        "a string has half of a surrogate pair" "cut texts between whole characters"
    JsonNul "JSON_NUL" Refuses "RFC 8259, 7"
        "文字中有未转义的空字符（NUL）" "请删去该字符后重新报送"
        "a string has a raw NUL character" "take it away"
    JsonControl "JSON_CONTROL_CHARACTER" Refuses "RFC 8259, 7"
        "文字中有未转义的换行、制表符等控制字符" "请将换行写为 \\n，或删去该字符后重新报送"
        "a string has a raw control character" "write a line break as \\n, or take the character away"

    // The message as a whole is not one of the annex's.
    NotAnObject "NOT_AN_OBJECT" RefusesOrRejects "《数据对接规范》"
        "此处应为一组参数，写在花括号 { } 内" "请按《数据对接规范》的结构填写"
        "must be a JSON object" "write the parameters between braces"
    UnknownMessage "UNKNOWN_MESSAGE" Refuses "《数据对接规范》"
        "无法识别是哪一类报文：没有合同列表，也没有单位信息" "请核对参数名称是否与《数据对接规范》一致"
        "the message has neither a list nor an employer's fields" "compare its keys with the specification's"
    AmbiguousMessage "AMBIGUOUS_MESSAGE" Refuses "《数据对接规范》"
        "一份报文中有多个列表" "请将新订、解除、续签、终止分成不同的报文报送"
        "the message has more than one list" "send each list as a message of its own"
    OtherMessage "OTHER_MESSAGE" Refuses "《数据对接规范》"
        "报文类别与所调用的接口不符" "请改用与报文类别一致的接口"
        "the message is of another kind than asked for" "send it where its kind is taken"
    NotAList "NOT_A_LIST" RefusesOrRejects "《数据对接规范》"
        "此处应为列表，写在方括号 [ ] 内，不加引号" "请按《数据对接规范》的结构填写"
        "must be a JSON array" "write the list between brackets, and not as a string"
    NoItems "NO_ITEMS" Refuses "《数据对接规范》"
        "列表中没有内容" "请至少填写一条；没有要报送的内容时不必报送"
        "the list has no items" "send it when there is one"
    TooManyItems "TOO_MANY_ITEMS" Refuses "《数据对接规范》, sections 3 to 5"
        "列表条数超过上限" "请分成几份报文报送"
        "the list has too many items" "send them in several messages"

    // One member of an object.
    DuplicateKey "DUPLICATE_KEY" RefusesOrRejects "RFC 8259, 4"
        "同一参数出现多次" "请只保留一处"
        "stands more than once" "keep one of them"
    BothNames "BOTH_NAMES" RefusesOrRejects "this program"
        "同一参数的中文名称和英文别名同时出现" "请只保留其中一个"
        "stands under its Chinese key and under its alias" "keep one of them"
    UnknownKey "UNKNOWN_KEY" RejectsOrFlags "《数据对接规范》"
        "《数据对接规范》中没有这一参数，其内容未记录" "请核对参数名称；不需要的参数请删去"
        "is not a parameter of the specification, and is not recorded" "compare its name, or leave it out"
    Missing "MISSING" RefusesOrRejects "《数据对接规范》: 必填"
        "必填，未填写" "请填写{kind}"
        "is mandatory and is missing or empty" "write {kind}"
    NotAString "NOT_A_STRING" Rejects "《数据对接规范》: String"
        "取值没有写在双引号内" "请在双引号内填写{kind}"
        "must be a JSON string" "write {kind} between quotation marks"
    Nul "NUL" Rejects "《数据对接规范》: String"
        "含有空字符（NUL）" "请删去该字符后重新报送"
        "has a NUL character" "take it away"
    ControlCharacter "CONTROL_CHARACTER" RejectsOrFlags "《数据对接规范》: String"
        "含有控制字符（如换行、制表符，或编码转换留下的乱码）" "请删去该字符，填写{kind}"
        "has a control character" "take it away and write {kind}"
    Blank "BLANK" RejectsOrFlags "《数据对接规范》"
        "只有空格，没有内容" "请填写{kind}；选填项没有内容时请留空"
        "is nothing but white space" "write {kind}, or leave an optional field empty"
    TooLong "TOO_LONG" Rejects "《数据对接规范》: 长度"
        "超过最大长度" "请核对后缩短，再重新报送"
        "is too long" "shorten it and send it again"
    FullWidth "FULL_WIDTH" RejectsOrFlags "《数据对接规范》"
        "含有全角字母、数字或符号" "请改用半角，填写{kind}"
        "has full-width characters" "use ASCII: {kind}"
    ReplacementCharacter "REPLACEMENT_CHARACTER" Flags "Unicode, U+FFFD"
        "含有替换字符（U+FFFD），原来的字在编码转换中丢失" "请按证件或合同文本核对原字，再报送更正"
        "has a replacement character (U+FFFD): the text was damaged before it came" "look the character up in the document, and correct it"
    SpaceAround "SPACE_AROUND" Flags "this program"
        "首尾有空格" "请删去首尾空格；已按原样记录"
        "begins or ends with white space" "take the space away; it was recorded as it came"
    InvisibleCharacter "INVISIBLE_CHARACTER" RejectsOrFlags "Unicode, UAX 9 and UAX 44"
        "含有看不见的字符或双向控制符，显示相同而实际不同，无法比对" "请重新手工录入，不要从网页或文档中复制"
        "has an invisible or bidirectional character: it looks the same, and is another text" "type it anew instead of copying it"
    NotStandardForm "NOT_STANDARD_FORM" Flags "民委发〔2016〕33号; Unicode, UAX 15"
        "写法不规范，无法与证件比对（如全角字母、间隔号不是“·”（U+00B7）、部首代替汉字、汉字之间有空格）" "请按证件上的写法填写；间隔号请用“·”"
        "is not in the standard form (full-width letters, another dot than U+00B7, a radical for a character, a space between characters, not NFC)" "write it as the document does"
    DamagedCharacter "DAMAGED_CHARACTER" Flags "GB 18030-2022"
        "含有问号、方框或自造字，原来的字可能已在编码转换中丢失" "请按证件或合同文本核对原字，再报送更正"
        "has a question mark, a box or a character of private use: the text may have been damaged" "look the character up in the document, and correct it"
    NameCharacter "NAME_CHARACTER" Flags "民委发〔2016〕33号; ICAO 9303"
        "含有姓名中不应出现的字符（如数字、括号、符号）" "请只填写证件上的姓名；试验数据请勿报送"
        "has a character that stands in no name, such as a digit or bracket" "write the name in the document alone; send no test data"
    NameLong "NAME_LONG" Flags "民委发〔2016〕33号: 50; 《数据对接规范》: 20"
        "姓名超过《数据对接规范》的长度，已完整记录" "请核对是否与证件一致；一致则无须处理"
        "is longer than the specification's, and was recorded whole" "see whether it is the name in the document; if so, nothing is to be done"

    // One field by its format.
    NotADate "NOT_A_DATE" RejectsOrFlags "《数据对接规范》: 日期"
        "不是真实日期，或格式不符" "请填写{kind}；没有终止日期的请留空"
        "is no real day in the form yyyyMMdd" "write {kind}; leave it empty where there is none"
    DateImplausible "DATE_IMPLAUSIBLE" Flags "this program"
        "日期早于 1950 年，或晚于今天 5 年以上" "请按合同文本核对；有误的请报送更正"
        "is before 1950 or more than five years ahead" "compare it with the contract, and correct it"
    NotAllowed "NOT_ALLOWED" Rejects "《数据对接规范》"
        "取值不在《数据对接规范》允许的范围内" "请填写{kind}"
        "is none of the values that the specification allows" "write {kind}"
    UnknownCode "UNKNOWN_CODE" RejectsOrFlags "code tables of this page"
        "代码不在代码表中，其含义未知" "请填写{kind}"
        "is not in the code table" "write {kind}"
    UsccFormat "USCC_FORMAT" RejectsOrFlags "GB 32100-2015"
        "应为 18 位数字或大写字母（不含 I、O、S、V、Z）" "请按营业执照或登记证书填写{kind}"
        "is not 18 digits and capital letters without I, O, S, V, Z" "copy {kind} from the licence"
    UsccCheckDigit "USCC_CHECK_DIGIT" RejectsOrFlags "GB 32100-2015"
        "统一社会信用代码的校验码不符，其中有字符写错" "请按营业执照或登记证书核对 18 位代码"
        "has a wrong check character: one of its characters is wrong" "compare all 18 with the licence"
    UsccDepartment "USCC_DEPARTMENT" Flags "GB 32100-2015, table 1"
        "统一社会信用代码的首位不是登记管理部门代码（1 至 9、A、N、Y）" "请按营业执照或登记证书核对 18 位代码"
        "begins with no registering department's character (1 to 9, A, N, Y)" "compare it with the licence"
    OrganisationCode "ORGANISATION_CODE" Flags "GB 11714-1997"
        "统一社会信用代码第 9 至 17 位（组织机构代码）的校验码不符" "请按营业执照或登记证书核对；一致则无须处理"
        "has an organisation code with a wrong check character inside" "compare it with the licence; if it is the same, nothing is to be done"
    ResidentIdFormat "RESIDENT_ID_FORMAT" Rejects "GB 11643-1999; 《居民身份证法》第二十三条"
        "公民身份号码应为 18 位：17 位数字，末位为数字或 X；15 位号码自 2013 年起停止使用" "请按现行证件填写 18 位号码；其他证件请改填证件类型"
        "is not 17 digits and a digit or X; numbers of 15 digits are out of use since 2013" "write the 18 of the card in force, or the type of the other document"
    ResidentIdBirth "RESIDENT_ID_BIRTH" Rejects "GB 11643-1999"
        "号码第 7 至 14 位不是真实的出生日期" "请按证件核对 18 位号码"
        "has no real day of birth" "compare all 18 with the card"
    ResidentIdCheckDigit "RESIDENT_ID_CHECK_DIGIT" Rejects "GB 11643-1999; 国办发〔2018〕81号; GA 2102-2023"
        "号码的末位校验码不符，其中有数字写错" "请按证件核对 18 位号码"
        "has a wrong check character: one of its digits is wrong" "compare all 18 with the card"
    ResidentIdProvince "RESIDENT_ID_PROVINCE" Rejects "GB/T 2260"
        "号码前两位不是省级代码" "请按证件核对 18 位号码；其他证件请改填证件类型"
        "begins with no province's code" "compare all 18 with the card"
    UnknownCounty "UNKNOWN_COUNTY" Flags "GB/T 2260"
        "号码前六位不在县级代码表中" "请按证件核对；一致则无须处理"
        "begins with a county code that is not in the table" "compare it with the card; if it is the same, nothing is to be done"
    DocumentNumber "DOCUMENT_NUMBER" Flags "社会保障卡 documents; GA 2102-2023; ICAO 9303"
        "号码不是这种证件的写法" "请按证件核对号码和证件类型：通行证为 H 或 M 加 8 位或 10 位数字，台胞证为 8 位或 10 位数字，永久居留证为 18 位或 3 个字母加 12 位数字，居住证为 18 位"
        "has not the form of such a document's number" "compare number and type with the document: H or M and 8 or 10 digits for a pass, 8 or 10 digits for Taiwan, 18 or 3 letters and 12 digits for permanent residence, 18 for a permit"
    DocumentTypeDiffers "DOCUMENT_TYPE_DIFFERS" Flags "国办发〔2018〕81号; GA 2102-2023"
        "号码属于另一种证件（前六位 810000、820000、830000 为港澳台居民居住证，首位 9 为外国人永久居留身份证）" "请核对证件类型；居住证为 17，永久居留证为 07，居民身份证为 01"
        "is of another kind of document (810000, 820000, 830000: residence permit; first digit 9: permanent residence)" "compare the type: 17 for a permit, 07 for permanent residence, 01 for a resident's card"
    Phone "PHONE" Flags "《数据对接规范》: String 20; ITU-T E.164"
        "不像电话号码，已按原样记录" "请填写{kind}"
        "has not the form of a telephone number, and was recorded as it came" "write {kind}"
    Sha256 "SHA256" Rejects "FIPS 180-4"
        "应为 64 位小写十六进制的 SHA-256 摘要" "请由平台开发人员重新计算文件摘要"
        "is not a SHA-256 digest of 64 lower-case hexadecimal digits" "compute it anew"
    Size "SIZE" Rejects "this program"
        "应为文件的字节数，只写数字" "请填写{kind}"
        "is not a size in bytes in decimal digits" "write {kind}"
    MediaType "MEDIA_TYPE" Rejects "RFC 6838"
        "不是文件媒体类型" "请填写{kind}"
        "is not a media type" "write {kind}"
    TooManyFiles "TOO_MANY_FILES" Rejects "this program"
        "文件数量超过上限" "请合并文件后重新报送"
        "has too many files" "join them, and send it again"

    // Fields against each other.
    EmployerDiffers "EMPLOYER_DIFFERS" Rejects "《数据对接规范》, sections 2 to 5"
        "与列表外填写的单位统一信用代码不一致" "请核对合同属于哪个单位；不同单位的合同请分成不同的报文报送"
        "is another than beside the list" "see whose contract it is, and send each employer's contracts apart"
    AgentRequired "AGENT_REQUIRED" Rejects "《数据对接规范》, section 1"
        "新增授权人标志为 1 时必填，未填写" "请填写{kind}；不新增授权人的，标志请填 0"
        "is mandatory when an agent is added" "write {kind}, or write 0 as the flag"
    AgentWithoutEffect "AGENT_WITHOUT_EFFECT" Flags "《数据对接规范》, section 1"
        "新增授权人标志为 0，所填内容不产生新的授权人" "要新增授权人的，标志请填 1"
        "has no effect, since no agent is added" "write 1 as the flag to add one"
    TermEndRequired "TERM_END_REQUIRED" Rejects "Labour Contract Law 13"
        "固定期限合同没有终止日期（《劳动合同法》第十三条）" "请填写{kind}；无固定期限的，期限类别请填 2"
        "is mandatory for a fixed term" "write {kind}, or 2 as the kind of term"
    TermEndBeforeStart "TERM_END_NOT_AFTER_START" Rejects "Labour Contract Law 13; 劳办力字〔1992〕2号"
        "终止日期早于起始日期（可以是同一天）" "请按合同文本核对两个日期"
        "is before the start of the term; the same day is lawful" "compare both days with the contract"
    TermEndNotAllowed "TERM_END_NOT_ALLOWED" Rejects "Labour Contract Law 14"
        "无固定期限合同不应有终止日期（《劳动合同法》第十四条）" "请将终止日期留空；有终止日期的，请核对期限类别"
        "may not be given for an open-ended term" "leave it empty, or correct the kind of term"
    TermEndForever "TERM_END_FOREVER" Flags "Labour Contract Law 14"
        "无固定期限合同以 99991231 表示没有终止日期" "请将终止日期留空"
        "is 99991231, which stands for no end" "leave it empty"
    FixedTermForever "FIXED_TERM_FOREVER" Flags "Labour Contract Law 13, 14"
        "固定期限合同的终止日期为 99991231，等于没有终止日期" "请核对期限类别；无固定期限的请填 2，终止日期留空"
        "is 99991231 although the term is a fixed one" "correct the kind of term to 2, or the day"
    SignedLate "SIGNED_LATE" Flags "Labour Contract Law 10, 82"
        "签订日期晚于起始日期一个月以上（《劳动合同法》第十条、第八十二条）" "请按合同文本核对两个日期；一致则无须处理"
        "is more than a month after the start" "compare both days with the contract; if they are so, nothing is to be done"
    WorkerUnder16 "WORKER_UNDER_16" Flags "《劳动法》第十五条; 《禁止使用童工规定》"
        "合同起始时劳动者未满 16 周岁（《劳动法》第十五条）" "请按证件核对号码，按合同文本核对起始日期"
        "is of somebody under 16 when the contract begins" "compare number and start with card and contract"
    RenewalSignedBeforeOriginal "RENEWAL_SIGNED_BEFORE_ORIGINAL" Flags "Labour Contract Law 14"
        "续签的签订日期早于原合同签订日期" "请按合同文本核对两个日期"
        "is before the day on which the original contract was signed" "compare both days with the contracts"
    DispatchRequired "DISPATCH_REQUIRED" Flags "Labour Contract Law 58; 《数据对接规范》: 非必填"
        "劳务派遣合同没有填写此项（《劳动合同法》第五十八条）" "请补充{kind}"
        "is missing in a contract of labour dispatch" "add {kind}"
    DispatchIncomplete "DISPATCH_INCOMPLETE" Flags "《数据对接规范》: 非必填"
        "用工单位和派遣信息只填写了一部分，此项未填写" "请补充{kind}；不是劳务派遣的请全部留空"
        "is missing, while other fields of the dispatch are given" "add {kind}, or leave all of them empty"
    DispatchEndBeforeStart "DISPATCH_END_NOT_AFTER_START" Flags "Labour Contract Law 58"
        "派遣终止日期早于派遣起始日期（可以是同一天）" "请按派遣协议核对两个日期"
        "is before the start of the dispatch; the same day is lawful" "compare both days with the agreement"
    DispatchHostIsEmployer "DISPATCH_HOST_IS_EMPLOYER" Flags "Labour Contract Law 67"
        "用工单位就是用人单位自己（《劳动合同法》第六十七条）" "请按派遣协议核对用工单位"
        "is the employer's own code" "compare the host with the agreement"
    DispatchOutsideTerm "DISPATCH_OUTSIDE_TERM" Flags "Labour Contract Law 58"
        "派遣期限超出合同期限" "请按合同文本和派遣协议核对日期"
        "is outside the term of the contract" "compare the days with contract and agreement"
    DispatchNotFixedTerm "DISPATCH_NOT_FIXED_TERM" Flags "Labour Contract Law 58"
        "劳务派遣合同不是固定期限（《劳动合同法》第五十八条）" "请按合同文本核对期限类别；一致则无须处理"
        "is not a fixed term, as labour dispatch asks for" "compare it with the contract; if it is so, nothing is to be done"
    DispatchUnderTwoYears "DISPATCH_UNDER_TWO_YEARS" Flags "Labour Contract Law 58"
        "劳务派遣合同期限不足二年（《劳动合同法》第五十八条）" "请按合同文本核对日期；一致则无须处理"
        "ends less than two years after the start, in labour dispatch" "compare it with the contract; if it is so, nothing is to be done"
    NoticeAfterEnd "NOTICE_AFTER_END" Flags "Labour Contract Law 37, 40, 50"
        "告知时间晚于合同解除或终止的日期" "请按通知书核对两个日期"
        "is after the end of the contract" "compare both days with the notice"
    NoticeTooShort "NOTICE_TOO_SHORT" Flags "Labour Contract Law 37"
        "劳动者提前通知不足 30 日（试用期内不足 3 日，《劳动合同法》第三十七条）" "请按通知书核对两个日期；一致则无须处理"
        "is less than 30 days, or 3 in probation, before the end" "compare both days with the notice; if they are so, nothing is to be done"
    InitiatorAgainstArticle "INITIATOR_AGAINST_ARTICLE" Flags "Labour Contract Law 37 to 41"
        "发起方与解除情形所依据的条款不符" "请核对解除情形和发起方（1 为劳动者，2 为用人单位）"
        "is not the party that the reason's article lets dissolve" "compare reason and initiator (1 worker, 2 employer)"

    // Against what was recorded of the contract before.
    ThirdFixedTerm "THIRD_FIXED_TERM" Flags "Labour Contract Law 14; 法释〔2025〕12号 10"
        "此前已连续两次订立固定期限合同（《劳动合同法》第十四条）" "请核对期限类别；一致则无须处理"
        "is a fixed term after two in a row" "compare the kind of term; if it is so, nothing is to be done"
    ExpiryBeforeTermEnd "EXPIRY_BEFORE_TERM_END" Flags "Labour Contract Law 44"
        "终止情形为合同期满，而此日期早于已记录的终止日期，或合同没有终止日期" "请核对终止日期和终止情形；提前结束的请按解除报送"
        "is before the term's last day as recorded, although the reason is expiry" "compare day and reason; report an early end as a dissolution"
    EndsBeforeStart "ENDS_BEFORE_START" Flags "Labour Contract Law 36 to 44"
        "早于已记录的合同起始日期" "请按合同文本核对日期和合同编号"
        "is before the contract's start as recorded" "compare the day and the contract's number"
    ProbationOver "PROBATION_OVER" Flags "Labour Contract Law 19, 37, 39"
        "解除情形为试用期内，而告知时法定最长试用期已过（《劳动合同法》第十九条）" "请核对解除情形和告知时间；一致则无须处理"
        "says probation, and the longest lawful one was over when notice was given" "compare reason and notice; if they are so, nothing is to be done"
    RenewalOverlaps "RENEWAL_OVERLAPS" Flags "Labour Contract Law 14, 35"
        "续签的起始日期不晚于已记录的终止日期，两段期限重叠，或原合同没有终止日期" "请按合同文本核对日期；变更期限的请按变更报送"
        "is not after the last day of the term before" "compare the days; report a changed term as an amendment"
    RenewalGap "RENEWAL_GAP" Flags "Labour Contract Law 10, 14"
        "续签的起始日期与已记录的终止日期之间有间断" "请按合同文本核对日期；一致则无须处理"
        "leaves days between the term before and this one" "compare the days; if they are so, nothing is to be done"
    RetirementEarly "RETIREMENT_EARLY" Flags "实施条例 21; 《国务院关于渐进式延迟法定退休年龄的办法》"
        "终止情形为达到法定退休年龄，而按劳动者的出生日期当时尚未达到" "请核对终止情形和日期；提前退休的请填 2；一致则无须处理"
        "is before the worker's statutory age of retirement" "compare reason and day; early retirement is 2; if they are so, nothing is to be done"

    // By a node's intake.
    EmployerDeduced "EMPLOYER_DEDUCED" Intake "《数据对接规范》, sections 3 to 5"
        "报文没有填写单位，已按同一报送方此前报送的同号合同确定" "请今后填写单位统一信用代码"
        "is not given; it was deduced from the same caller's contract with this number" "name the employer from now on"
    Ambiguous "AMBIGUOUS" Intake "《数据对接规范》, sections 3 to 5"
        "合同编号属于多个单位，无法确定是哪一个" "请填写单位统一信用代码后重新报送"
        "the contract number is that of several employers" "name the employer and send it again"
}

impl Code {
    /// What a limit of this rule counts, in Chinese and in English.
    #[must_use]
    pub fn unit(self) -> (&'static str, &'static str) {
        let others = [
            (Self::MessageTooLong, ("字节", "bytes")),
            (Self::TooManyItems, ("条", "items")),
            (Self::TooManyFiles, ("个文件", "files")),
        ];
        let found = others.into_iter().find(|(code, _)| *code == self);
        found.map_or(("个字", "characters"), |(_, unit)| unit)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }

    /// Rules for Chinese texts: full-width punctuation, a space between Han and Latin, nothing that is an act of law.
    #[test]
    fn chinese_texts_are_chinese() {
        let han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        let latin = |c: char| c.is_ascii_alphanumeric();
        for code in Code::ALL {
            for text in [code.zh(), code.zh_help()] {
                let plain = text.replace("{kind}", "某");
                assert!(plain.contains(han), "{code}: {text}");
                assert!(!plain.contains([',', ';', ':', '?', '!', '！']), "half-width or loud: {code}: {text}");
                assert!(!plain.ends_with('。') && !plain.ends_with('；'), "{code}: {text}");
                for word in ["警告", "非法", "违法", "无效", "有效", "合法", "生效", "字符串", "您", "抱歉"]
                {
                    assert!(!plain.contains(word), "{word}: {code}: {text}");
                }
                for (left, right) in plain.chars().zip(plain.chars().skip(1)) {
                    let touch = han(left) && latin(right) || latin(left) && han(right);
                    assert!(!touch, "no space between {left} and {right}: {code}: {text}");
                }
            }
            assert!(code.zh_help().contains(['请', '则', '已']), "what to do: {code}");
            assert!(!code.source().is_empty() && !code.en_help().is_empty());
        }
    }
}
