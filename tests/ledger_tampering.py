"""Ways to tamper with the ledger of `tests.ledger_scene`: (the check that must find it, SQL).

The SQL runs as the owner of everything, with triggers and foreign keys off.
"""

# ruff: noqa: S608 - statements of constants, on a database that is thrown away.

SALE = "(SELECT id FROM purchase WHERE state = 'CAPTURED' AND json_array_length(lines) = 3)"
BY_LINE = "(SELECT id FROM purchase WHERE terminal_id = 12)"
HELD = "(SELECT id FROM purchase WHERE state = 'AUTHORIZED')"
DECLINED = "(SELECT id FROM purchase WHERE state = 'DECLINED')"
LATE = "(SELECT purchase_id FROM review_case)"
OUTLIVED = "(SELECT id FROM purchase WHERE lapsed_from_hold <> '{}')"
ONE_SHOT = "(SELECT id FROM purchase WHERE program_code = 'DURABLE')"
PAYER = f"(SELECT certificate_id FROM entry WHERE purchase_id = {SALE} LIMIT 1)"
STRANGER = "(SELECT id FROM certificate WHERE program_code = 'DURABLE')"
UNBOUND = "ALTER TABLE certificate DROP CONSTRAINT parts_sum, DROP CONSTRAINT parts_not_negative;"
NOWHERE = "'00000000-0000-7000-8000-000000000000'"

CASES = {
    # Certificates and accounts.
    "points from nowhere": (
        "certificate.parts",
        f"{UNBOUND} UPDATE certificate SET available_kopecks = available_kopecks + 1 WHERE id = {PAYER}",
    ),
    "a part below zero": (
        "certificate.parts",
        f"{UNBOUND} UPDATE certificate SET held_kopecks = -1,"
        " lapsed_kopecks = lapsed_kopecks + held_kopecks + 1"
        f" WHERE id = {PAYER}",
    ),
    "more restorable than lapsed": (
        "certificate.parts",
        f"{UNBOUND} UPDATE certificate SET restorable_kopecks = lapsed_kopecks + 1 WHERE id = {PAYER}",
    ),
    "points moved without an entry": (
        "certificate.balance",
        "UPDATE certificate SET available_kopecks = available_kopecks + 1, spent_kopecks = spent_kopecks - 1"
        f" WHERE id = {PAYER}",
    ),
    "a nominal raised with its entry": (
        "certificate.issued_as",
        "UPDATE certificate SET nominal_kopecks = nominal_kopecks + 1,"
        " available_kopecks = available_kopecks + 1"
        f" WHERE id = {PAYER};"
        "UPDATE entry SET amount_kopecks = amount_kopecks + 1"
        f" WHERE kind = 'ISSUE' AND certificate_id = {PAYER}",
    ),
    "a certificate issued twice": (
        "certificate.nominal",
        "INSERT INTO entry SELECT operation_id, 1, account_id, certificate_id, NULL, 'ISSUE', NULL,"
        f" 'AVAILABLE', 1, decided_at FROM entry WHERE kind = 'ISSUE' AND certificate_id = {PAYER}",
    ),
    "another act": ("certificate.issued_as", f"UPDATE certificate SET act_number = '18' WHERE id = {PAYER}"),
    "a certificate that no command made": (
        "certificate.outcome",
        f"DELETE FROM outcome WHERE operation_id = {PAYER}",
    ),
    "a certificate given to another account": (
        "certificate.outcome",
        f"UPDATE certificate SET account_id = account_id + 1 WHERE id = {PAYER}",
    ),
    "an account that is gone": (
        "certificate.account",
        f"DELETE FROM card_account WHERE id = (SELECT account_id FROM certificate WHERE id = {PAYER})",
    ),
    "an account decided after its last decision": (
        "account.decided_at",
        "UPDATE card_account SET last_decided_at = last_decided_at - interval '1 s'",
    ),
    # Entries.
    "a lost entry": (
        "entry.numbering",
        f"DELETE FROM entry WHERE kind = 'HOLD' AND purchase_id = {SALE}",
    ),
    "an entry of another amount": (
        "certificate.balance",
        f"UPDATE entry SET amount_kopecks = amount_kopecks + 1 WHERE kind = 'HOLD' AND purchase_id = {HELD}",
    ),
    "an entry without an operation": (
        "entry.operation",
        f"UPDATE entry SET operation_id = {NOWHERE} WHERE kind = 'REFUND'",
    ),
    "an entry of a declined command": (
        "entry.operation",
        f"UPDATE outcome SET reason = 'CARD_STOPPED' WHERE operation_id = {HELD}",
    ),
    "an entry of another kind": (
        "entry.movement",
        f"UPDATE entry SET kind = 'LAPSE' WHERE kind = 'HOLD' AND purchase_id = {HELD}",
    ),
    "an entry of a certificate of another account": (
        "entry.certificate",
        f"UPDATE entry SET certificate_id = {STRANGER} WHERE kind = 'HOLD' AND purchase_id = {HELD}",
    ),
    "an entry of a purchase that is not there": (
        "entry.purchase",
        f"UPDATE entry SET purchase_id = {NOWHERE} WHERE purchase_id = {HELD}",
    ),
    "a hold of no purchase": (
        "entry.purchase",
        f"UPDATE entry SET purchase_id = NULL WHERE purchase_id = {HELD}",
    ),
    "an entry of another agreement": (
        "entry.booking",
        f"UPDATE entry SET agreement_id = agreement_id + 1 WHERE purchase_id = {SALE}",
    ),
    "an entry that no claim would find": (
        "entry.booking",
        f"UPDATE entry SET agreement_id = NULL, sale_date = NULL WHERE purchase_id = {SALE}",
    ),
    "an entry of another time": (
        "entry.decided_at",
        "UPDATE entry SET decided_at = decided_at + interval '1 day' WHERE kind = 'REFUND'",
    ),
    "an entry outside every month": (
        "partition.default",
        f"UPDATE entry SET operation_id = {NOWHERE} WHERE kind = 'REFUND'",
    ),
    # Purchases.
    "an approved sum that its shares do not make": (
        "purchase.approved",
        f"UPDATE purchase SET approved_kopecks = approved_kopecks + 1 WHERE id = {HELD}",
    ),
    "a captured sum that its capture does not make": (
        "purchase.captured_column",
        f"UPDATE purchase SET captured_kopecks = captured_kopecks - 1 WHERE id = {SALE}",
    ),
    "a hold that ended without a release": (
        "purchase.held",
        f"UPDATE purchase SET state = 'EXPIRED', closed_at = hold_expires_at WHERE id = {HELD}",
    ),
    "a void without giving back": (
        "purchase.spent",
        f"UPDATE purchase SET state = 'VOIDED' WHERE id = {SALE}",
    ),
    "a capture that never happened": (
        "purchase.state",
        f"UPDATE purchase SET state = 'CAPTURED', closed_at = authorized_at WHERE id = {HELD}",
    ),
    "a declined purchase that lives": (
        "purchase.state",
        f"UPDATE purchase SET state = 'VOIDED', closed_at = authorized_at WHERE id = {DECLINED}",
    ),
    "a share of another amount": (
        "purchase.hold",
        "UPDATE purchase SET lines = jsonb_set(lines::jsonb, '{0,shares,0,amount_kopecks}', '2900')"
        f" WHERE id = {HELD}",
    ),
    "a share of a certificate of another account": (
        "purchase.foreign_certificate",
        "UPDATE purchase SET lines ="
        f" jsonb_set(lines::jsonb, '{{0,shares,0,certificate_id}}', to_jsonb({STRANGER}))"
        f" WHERE id = {HELD}",
    ),
    "a line paid above its amount": (
        "line.points",
        "UPDATE purchase SET lines ="
        f" jsonb_set(lines::jsonb, '{{0,line,amount_kopecks}}', '100') WHERE id = {HELD}",
    ),
    "beer paid by points": (
        "line.prohibited",
        "UPDATE purchase SET lines = jsonb_set(lines::jsonb, '{1,shares}', lines::jsonb #> '{0,shares}')"
        f" WHERE id = {SALE}",
    ),
    "a declined purchase paid by points": (
        "line.prohibited",
        "UPDATE purchase SET lines = jsonb_set(lines::jsonb, '{0,shares}',"
        f" (SELECT lines::jsonb #> '{{0,shares}}' FROM purchase WHERE id = {HELD})) WHERE id = {DECLINED}",
    ),
    "points above the basket": (
        "purchase.total",
        f"UPDATE purchase SET rounding_kopecks = 99 WHERE id = {HELD}",
    ),
    "a line twice": (
        "purchase.total",
        f"UPDATE purchase SET lines = lines::jsonb || (lines::jsonb -> 1) WHERE id = {SALE}",
    ),
    "a capture of more than was authorized": (
        "line.captured",
        f"UPDATE purchase SET capture = jsonb_set(capture, '{{lines,0,quantity_milli}}', '3001')"
        f" WHERE id = {BY_LINE}",
    ),
    "a capture that entries do not know": (
        "purchase.captured",
        "UPDATE purchase SET capture = jsonb_set(capture, '{lines,0,shares,0,amount_kopecks}', '2999'),"
        f" captured_kopecks = 2999 WHERE id = {BY_LINE}",
    ),
    "another sale date": (
        "purchase.sale_date",
        f"UPDATE purchase SET sale_date = sale_date + 1 WHERE id = {SALE}",
    ),
    "a rest that did not lapse": (
        "purchase.rest_lapsed",
        f"UPDATE purchase SET capture = jsonb_set(capture, '{{rest_lapsed}}', '{{}}') WHERE id = {ONE_SHOT}",
    ),
    "a hold that lapsed nothing": (
        "purchase.lapsed_from_hold",
        f"UPDATE purchase SET lapsed_from_hold = '{{}}' WHERE id = {OUTLIVED}",
    ),
    "a purchase of no account": (
        "purchase.account",
        f"UPDATE purchase SET account_id = 999 WHERE id = {DECLINED}",
    ),
    "a purchase that nobody asked for": (
        "purchase.outcome",
        f"UPDATE purchase SET request_id = id WHERE id = {DECLINED}",
    ),
    "a purchase in a shift that is open": ("purchase.shift", "DELETE FROM closed_shift"),
    "a shortfall without a case": ("purchase.case", "DELETE FROM review_case"),
    "a case of another amount": ("purchase.case", "UPDATE review_case SET amount_kopecks = 1"),
    "a case without a shortfall": (
        "purchase.case",
        f"UPDATE purchase SET capture = jsonb_set(capture, '{{shortfall_kopecks}}', '0') WHERE id = {LATE}",
    ),
    "a mark of a stop without a case": (
        "purchase.stop_case",
        f"UPDATE purchase SET capture = capture || '{{\"is_after_stop\": true}}' WHERE id = {LATE}",
    ),
    "a case of a stop without a mark": (
        "purchase.stop_case",
        "INSERT INTO review_case (operation_id, kind, account_id, purchase_id, amount_kopecks, opened_at)"
        " SELECT operation_id, 'CAPTURED_AFTER_STOP', account_id, purchase_id, 0, opened_at FROM review_case",
    ),
    "lines that are none": ("unreadable", f"UPDATE purchase SET lines = '{{}}' WHERE id = {HELD}"),
    "an amount that is none": (
        "unreadable",
        "UPDATE purchase SET lines = jsonb_set(lines::jsonb, '{0,shares,0,amount_kopecks}', '\"much\"')"
        f" WHERE id = {HELD}",
    ),
    # Refunds and receipts.
    "a refund of other points": ("refund.points", "UPDATE refund SET points_kopecks = points_kopecks + 1"),
    "a refund that lapsed": ("refund.lapsed", "UPDATE refund SET lapsed_kopecks = 1"),
    "a refund above what was captured": (
        "line.refunded",
        "UPDATE refund SET lines = jsonb_set(lines, '{0,quantity_milli}', '1001')",
    ),
    "a refund that entries do not know": (
        "purchase.refunded",
        "UPDATE refund SET lines = jsonb_set(lines, '{0,shares,0,amount_kopecks}', '4999'),"
        " points_kopecks = 4999",
    ),
    "a refund of a hold": ("refund.purchase", f"UPDATE refund SET purchase_id = {HELD}"),
    "a refund that nobody asked for": ("refund.outcome", "DELETE FROM outcome WHERE kind = 'REFUND'"),
    "a refund that is gone": ("outcome.record", "DELETE FROM refund"),
    "a receipt of another purchase": (
        "receipt.outcome",
        f"UPDATE receipt SET purchase_id = {HELD} WHERE fiscal_document_number = 1",
    ),
    "a receipt that nobody sent": ("receipt.outcome", "DELETE FROM outcome WHERE kind = 'ATTACH_RECEIPT'"),
    "a case that nobody opened": ("case.outcome", f"UPDATE review_case SET operation_id = {NOWHERE}"),
    "a shift that nobody closed": ("shift.outcome", "DELETE FROM outcome WHERE kind = 'CLOSE_SHIFT'"),
    # Outcomes.
    "a kind that there is not": ("outcome.kind", "UPDATE outcome SET kind = 'GIFT' WHERE kind = 'SALE'"),
    "a reason that is no decline": (
        "outcome.kind",
        f"UPDATE outcome SET reason = 'OVERLOADED' WHERE purchase_id = {DECLINED}",
    ),
    "an outcome of an account that is not there": (
        "outcome.account",
        f"UPDATE outcome SET account_id = 999 WHERE purchase_id = {DECLINED}",
    ),
    "an outcome whose purchase is gone": ("outcome.purchase", f"DELETE FROM purchase WHERE id = {HELD}"),
    "an approved outcome that names no purchase": (
        "outcome.purchase",
        f"UPDATE outcome SET purchase_id = NULL WHERE operation_id = {HELD}",
    ),
    "an outcome of another merchant's purchase": (
        "outcome.purchase",
        f"UPDATE outcome SET merchant_id = 2 WHERE operation_id = {HELD}",
    ),
    "an approved sale without a capture": (
        "outcome.record",
        f"UPDATE outcome SET kind = 'SALE' WHERE operation_id = {HELD}",
    ),
    "a stored command of another request id": (
        "outcome.request_id",
        f"UPDATE outcome SET canonical = replace(canonical, request_id::text, {NOWHERE})"
        f" WHERE operation_id = {HELD}",
    ),
    "an answer of another request id": (
        "outcome.payload",
        "UPDATE outcome SET signed_payload ="
        f" (SELECT signed_payload FROM outcome WHERE operation_id = {SALE})"
        f" WHERE operation_id = {HELD}",
    ),
    "an operation of another time": (
        "outcome.decided_at",
        "UPDATE outcome SET decided_at = decided_at + interval '1 s' WHERE kind = 'VOID'",
    ),
    "one operation of two outcomes": (
        "outcome.operation",
        f"UPDATE outcome SET operation_id = {HELD} WHERE purchase_id = {DECLINED}",
    ),
    # The registry.
    "a terminal that is not there": ("reference.seller", "DELETE FROM terminal WHERE id = 12"),
    "a terminal of another outlet": (
        "reference.seller",
        "UPDATE terminal SET outlet_id = 200, name = 'moved' WHERE id = 12",
    ),
    "an agreement that is not there": ("reference.agreement", "DELETE FROM agreement WHERE merchant_id = 1"),
    "a concentrator that is not there": (
        "reference.concentrator",
        "UPDATE outcome SET concentrator_id = 5 WHERE terminal_id = 12",
    ),
    "a card of no account": ("reference.card", "UPDATE card SET account_id = 999"),
}
