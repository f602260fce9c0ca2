"""Why a seal or a signature under a claim is refused."""

from enum import Enum, unique


@unique
class SigningCode(Enum):
    """The machine code is the name; the texts are Russian and English, with the named details."""

    NOT_FILED = ("расчёт {claim_id} не подан", "claim {claim_id} is not filed")
    ALREADY_SEALED = (
        "расчёт {claim_id} уже опечатан с другим содержанием",
        "claim {claim_id} is sealed already with another content",
    )
    NOT_SEALED = ("расчёт {claim_id} не опечатан", "claim {claim_id} is not sealed")
    SEAL_BROKEN = (
        "печать расчёта {claim_id} не сходится: {what}",
        "the seal of claim {claim_id} does not fit: {what}",
    )
    SIGNATURE_UNKNOWN = ("подписи {signature_id} нет", "there is no signature {signature_id}")
    SIGNATURE_MISSING = ("под расчётом {claim_id} нет подписи", "nobody signed claim {claim_id}")
    SIGNATURE_INVALID = (
        "подпись {signature_id} под расчётом {claim_id} недействительна: {detail}",
        "signature {signature_id} under claim {claim_id} is invalid: {detail}",
    )
    ANSWERED_ALREADY = (
        "о подписи {signature_id} уже сказано: {state}",
        "signature {signature_id} is {state} already",
    )
    PAPER_NOT_AGREED = (
        "договор требует квалифицированной подписи, а не бумаги",
        "the agreement asks for a qualified signature, not for paper",
    )
    FORM_WRONG = (
        "подпись {signature_id}: так проверяют только подпись вида {form}",
        "signature {signature_id}: only a signature of the form {form} is checked so",
    )

    TOO_LARGE = ("{what}: больше {limit} байт", "{what}: more than {limit} bytes")
    CMS_MALFORMED = ("это не подпись CMS: {what}", "this is no CMS signature: {what}")
    NOT_DETACHED = (
        "подпись содержит документ; нужна отсоединённая",
        "the signature holds a document; a detached one is needed",
    )
    SIGNERS_WRONG = (
        "в подписи {count} подписантов, нужен один",
        "the signature has {count} signers, one is needed",
    )
    ALGORITHM_WRONG = (
        "алгоритм {oid} не из ГОСТ Р 34.10-2012 и 34.11-2012",
        "the algorithm {oid} is none of GOST R 34.10-2012 and 34.11-2012",
    )
    ATTRIBUTE_WRONG = (
        "подписанный атрибут {attribute} отсутствует, повторён или неверен",
        "the signed attribute {attribute} is missing, repeated or wrong",
    )
    CERTIFICATE_MISSING = (
        "в подписи нет сертификата подписанта",
        "the signature has no certificate of its signer",
    )
    CERTIFICATE_NOT_IN_FORCE = (
        "сертификат действует с {since} по {until}, а не на {at}",
        "the certificate is valid from {since} to {until}, not at {at}",
    )
    SIGNED_IN_FUTURE = ("время подписи {at} ещё не наступило", "the time of signing {at} is still to come")
    SIGNER_UNNAMED = ("в сертификате нет ИНН", "the certificate names no INN")
    SIGNER_FOREIGN = (
        "сертификат выдан ИНН {found}, а расчёт подаёт ИНН {wanted}; нужна машиночитаемая доверенность",
        "the certificate is of INN {found}, the claim of INN {wanted}; a power of attorney is needed",
    )

    AUTHORITY_MALFORMED = (
        "это не машиночитаемая доверенность: {what}",
        "this is no machine-readable power of attorney: {what}",
    )
    AUTHORITY_FORBIDDEN = (
        "в доверенности есть DTD или сущности XML",
        "the power of attorney has a DTD or XML entities",
    )
    AUTHORITY_OF_ANOTHER = (
        "доверенность выдана ИНН {found}, а расчёт подаёт ИНН {wanted}",
        "the power of attorney is given by INN {found}, the claim is of INN {wanted}",
    )
    AUTHORITY_TO_ANOTHER = (
        "доверенность выдана другому лицу, не владельцу сертификата",
        "the power of attorney is given to somebody else than the certificate's holder",
    )
    AUTHORITY_NOT_IN_FORCE = (
        "доверенность действует с {since} по {until}, а не {day}",
        "the power of attorney is valid from {since} to {until}, not on {day}",
    )

    SCAN_UNKNOWN = ("скан — это PDF, PNG или JPEG", "a scan is a PDF, a PNG or a JPEG")
    SCAN_CUT = ("скан обрывается: нет конца файла", "the scan is cut: the file's end is missing")

    VERIFIER_FAILED = (
        "программа проверки подписи не ответила: {what}",
        "the program that verifies signatures gave no answer: {what}",
    )
