"""People and what may be done with them.

An identity is a keyed digest; a customer is given once at the first sight of the first strong key; a person is a set of
connected customers (`Customer.person_id`). Contacts stand sealed in the vault only.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from laoke.shops.models import Owner, Shop, Staff, User


class Channel(models.TextChoices):
    SMS = "sms", _("短信")
    EMAIL = "email", _("邮件")
    CALL = "call", _("电话")
    HANDOVER = "handover", _("名单导出")


class Purpose(models.TextChoices):
    """What a person agrees to or refuses: each by itself (PIPL 6 and 14), towards one shop on one channel."""

    MARKETING = "marketing", _("营销消息")
    # Delivery notices, warranty, after-sales. Notices rest on the order itself and need no consent; a refusal counts.
    CARE = "care", _("服务和关怀")
    # Being picked by what somebody bought (PIPL 24): needs no consent, and may be refused.
    PROFILING = "profiling", _("画像分析")


# A refusal that names no purpose ('R', 退订) is one of every purpose on its channel.
EVERY_PURPOSE = "all"
REFUSED_PURPOSES = [(EVERY_PURPOSE, _("所有目的")), *Purpose.choices]


class Customer(models.Model):
    """One customer of an owner. The id is a positive 63-bit number, given once and carried by facts for ever."""

    id = models.BigIntegerField(primary_key=True)
    owner = models.ForeignKey(Owner, models.PROTECT, related_name="+", db_index=False)
    person_id = models.BigIntegerField(db_index=True)
    created_at = models.DateTimeField()


class IdentityKind(models.TextChoices):
    NICK = "nick", _("旺旺昵称")
    MEMBER = "member", _("会员编号")
    OPEN_UID = "open_uid", _("应用内买家标识")
    OUID = "ouid", _("买家加密标识")
    OMID = "omid", _("商家内买家标识")
    WECOM = "wecom", _("企业微信外部联系人")


class Identity(models.Model):
    """A strong key of a customer. The digest covers kind, scope and value, so it is unique by itself."""

    digest = models.CharField(max_length=32, primary_key=True)
    kind = models.CharField(max_length=10, choices=IdentityKind.choices)
    # No index by customer: it would be filled in random order, which halves the speed of an import. Only erasing a
    # person asks that way, and may read the whole table.
    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="identities", db_constraint=False, db_index=False
    )
    key_id = models.CharField(max_length=20)


class ContactState(models.TextChoices):
    NONE = "none", _("没有")
    VALID = "valid", _("可用")
    INVALID = "invalid", _("号码无效")
    MASKED = "masked", _("已脱敏")
    DEAD = "dead", _("空号或停机")


class VaultRecord(models.Model):
    """The sealed contacts of one customer from one source, found by keyed digests. Lists show only the stored masks."""

    # The unique constraint begins with customer, and nobody asks for a shop's records alone: an index for either
    # foreign key would only slow the import of new people down.
    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="vault", db_constraint=False, db_index=False
    )
    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    source = models.CharField(max_length=20, default="order")
    sealed = models.BinaryField()
    key_id = models.CharField(max_length=20)
    nick_mask = models.CharField(max_length=64, blank=True)
    name_mask = models.CharField(max_length=32, blank=True)
    phone_mask = models.CharField(max_length=32, blank=True)
    phone_state = models.CharField(max_length=10, choices=ContactState.choices, default=ContactState.NONE)
    phone_digest = models.CharField(max_length=32, null=True)
    email_mask = models.CharField(max_length=64, blank=True)
    email_state = models.CharField(max_length=10, choices=ContactState.choices, default=ContactState.NONE)
    email_digest = models.CharField(max_length=32, null=True)
    content_digest = models.CharField(max_length=32)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "shop", "source"], name="vault_once_per_source")
        ]


class ContactIndex(models.Model):
    """Who has this phone or address, by keyed digest. A table of its own, because it is filled in digest order."""

    digest = models.CharField(max_length=32)
    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False, db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["digest", "customer", "shop"], name="contact_index_once")
        ]


class NamePart(models.Model):
    """A part of a name as a keyed digest, to be found by. See `customers/names.py`."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    digest = models.BigIntegerField()
    # No index by customer, as with keys: only erasing a person asks that way.
    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "digest", "customer"], name="name_part_once")]


class NameWaiting(models.Model):
    """A customer who was sealed and cannot be found by the parts of their name yet, nor for sure by phone and address;
    a customer may stand here twice."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )


class OrderText(models.Model):
    """Free text of an order (what the buyer wrote, the shop's memo), sealed: people put names and numbers there."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    order_id = models.CharField(max_length=40)
    customer = models.ForeignKey(Customer, models.CASCADE, null=True, related_name="+", db_constraint=False)
    sealed = models.BinaryField()
    key_id = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "order_id"], name="one_text_row_per_order")]


class ReviewText(models.Model):
    """The words of a review, sealed. A review may come before its order; then nobody is its writer yet."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    order_id = models.CharField(max_length=64)
    product_id = models.CharField(max_length=200)
    customer = models.ForeignKey(Customer, models.CASCADE, null=True, related_name="+", db_constraint=False)
    at_micros = models.BigIntegerField()
    sealed = models.BinaryField()
    key_id = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "order_id", "product_id"], name="one_text_per_review")
        ]


class PersonLink(models.Model):
    """A join of two customers into one person, proposed or done, with its reason; undoing keeps the row."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("待确认")
        LINKED = "linked", _("已合并")
        REJECTED = "rejected", _("不是同一人")
        UNDONE = "undone", _("已拆开")

    owner = models.ForeignKey(Owner, models.CASCADE, related_name="+")
    first_customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", db_constraint=False)
    second_customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", db_constraint=False)
    state = models.CharField(max_length=10, choices=State.choices)
    reason = models.CharField(max_length=40)
    evidence = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["first_customer", "second_customer", "reason"], name="one_link_per_pair_and_reason"
            )
        ]


class PersonCard(models.Model):
    """What the shop says of a person: who is in charge of them and how important they are (P1.1)."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+")
    person_id = models.BigIntegerField()
    in_charge = models.ForeignKey(Staff, models.SET_NULL, null=True, related_name="+")
    importance = models.PositiveSmallIntegerField(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "person_id"], name="one_card_per_person")]


class Tag(models.Model):
    """A label of a shop; 'suppressing' ones (P1.7) keep marketing away and need a reason.

    With a `rule` (a filter as text) the worker alone decides who has it. `ruled_at` and `ruled_catalog` say up to which
    state of the facts it did, `rule_error` why it cannot.
    """

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="tags")
    name = models.CharField(max_length=30)
    suppresses = models.BooleanField(default=False)
    rule = models.TextField(blank=True)
    ruled_at = models.DateTimeField(null=True)
    ruled_catalog = models.BigIntegerField(null=True)
    rule_error = models.CharField(max_length=100, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "name"], name="tag_name_once_per_shop")]

    def __str__(self) -> str:
        return self.name


class MemberLevel(models.Model):
    """A level of the shop's members: reached by either condition, over the last year or all time. Rank 1 is lowest."""

    class Within(models.TextChoices):
        YEAR = "year", _("近一年")
        ALWAYS = "always", _("累计")

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="levels")
    rank = models.SmallIntegerField()
    name = models.CharField(max_length=20)
    within = models.CharField(max_length=10, choices=Within.choices, default=Within.YEAR)
    orders_from = models.PositiveIntegerField(null=True)
    net_cents_from = models.BigIntegerField(null=True)
    term_days = models.PositiveIntegerField(default=365)
    reward = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "rank"], name="level_rank_once"),
            models.UniqueConstraint(fields=["shop", "name"], name="level_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class PersonTag(models.Model):
    """A tag set on a person, by whom and why."""

    tag = models.ForeignKey(Tag, models.CASCADE, related_name="people")
    person_id = models.BigIntegerField(db_index=True)
    reason = models.CharField(max_length=100, blank=True)
    source = models.CharField(max_length=20, default="hand")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "person_id"], name="tag_once_per_person")]


class PersonChange(models.Model):
    """What was decided about a person, kept for as long as the person is: tags, consent, merges, who looks after them.

    Append-only. A consent that a declaration gave to many has no row here; it is told by `Consent` itself.
    """

    class Act(models.TextChoices):
        TAG_ON = "tag_on", _("打上标签")
        TAG_OFF = "tag_off", _("去掉标签")
        CONSENT = "consent", _("登记同意")
        WITHDRAWN = "withdrawn", _("收回同意")
        ASKED_AGAIN = "asked_again", _("又愿意接收")
        JOINED = "joined", _("合并")
        SPLIT = "split", _("拆开")
        CARD = "card", _("改负责人和重要度")

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    person_id = models.BigIntegerField()
    act = models.CharField(max_length=12, choices=Act.choices)
    tag = models.ForeignKey(Tag, models.CASCADE, null=True, related_name="changes", db_index=False)
    channel = models.CharField(max_length=10, blank=True, choices=Channel.choices)
    # Of a consent; '' = written down before purposes were kept apart, when all were of marketing.
    purpose = models.CharField(max_length=10, blank=True, choices=Purpose.choices, default="", db_default="")
    source = models.CharField(max_length=20)
    reason = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["person_id", "at"], name="change_person"),
            models.Index(fields=["tag", "id"], condition=models.Q(tag__isnull=False), name="change_tag"),
        ]


class PersonNote(models.Model):
    """A note of a colleague about a person, sealed: people put names and numbers there."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    person_id = models.BigIntegerField(db_index=True)
    sealed = models.BinaryField()
    key_id = models.CharField(max_length=20)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()


class TradeCompany(models.Model):
    """A customer that is a company."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    in_charge = models.ForeignKey(Staff, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "name"], name="company_name_once")]

    def __str__(self) -> str:
        return self.name


class TradeContact(models.Model):
    """Who speaks for a company, sealed; `person_id` where they are known as a customer too."""

    company = models.ForeignKey(TradeCompany, models.CASCADE, related_name="contacts")
    role = models.CharField(max_length=30, blank=True)
    sealed = models.BinaryField()
    key_id = models.CharField(max_length=20)
    name_mask = models.CharField(max_length=32)
    phone_mask = models.CharField(max_length=32, blank=True)
    email_mask = models.CharField(max_length=64, blank=True)
    person_id = models.BigIntegerField(null=True, db_index=True)


class TradeDeal(models.Model):
    """A quote or a contract with a company."""

    class Kind(models.TextChoices):
        QUOTE = "quote", _("报价")
        CONTRACT = "contract", _("合同")

    class State(models.TextChoices):
        DRAFT = "draft", _("草稿")
        SENT = "sent", _("已报出")
        ACCEPTED = "accepted", _("已接受")
        SIGNED = "signed", _("已签")
        DONE = "done", _("做完")
        LOST = "lost", _("没成")

    company = models.ForeignKey(TradeCompany, models.CASCADE, related_name="deals")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    title = models.CharField(max_length=100)
    number = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=10, choices=State.choices)
    value_cents = models.BigIntegerField()
    until = models.DateField(null=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()


class ConsentBasis(models.Model):
    """An owner's declaration on what people's consent rests: role, wording, channel, purpose, period, proof, count."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="consent_bases")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    purpose = models.CharField(
        max_length=10, choices=Purpose.choices, default=Purpose.MARKETING, db_default=Purpose.MARKETING.value
    )
    role = models.CharField(max_length=20)
    wording = models.TextField()
    wording_version = models.CharField(max_length=20)
    collected_from = models.DateField()
    collected_to = models.DateField()
    proof = models.CharField(max_length=200)
    people = models.BigIntegerField(default=0)
    declared_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    declared_at = models.DateTimeField()
    expires_on = models.DateField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    # Given by one person on their page; null for a declaration that covers whoever it fits.
    person_id = models.BigIntegerField(null=True, db_index=True)


class Consent(models.Model):
    """One person's consent to one purpose on one channel towards one legal controller (the shop)."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+", db_constraint=False)
    person_id = models.BigIntegerField()
    channel = models.CharField(max_length=10, choices=Channel.choices)
    purpose = models.CharField(
        max_length=10, choices=Purpose.choices, default=Purpose.MARKETING, db_default=Purpose.MARKETING.value
    )
    basis = models.ForeignKey(ConsentBasis, models.PROTECT, related_name="consents", db_constraint=False)
    given_at = models.DateTimeField()
    expires_on = models.DateField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "person_id", "channel", "purpose"], name="one_consent_per_purpose"
            )
        ]


class OptOut(models.Model):
    """A refusal of one purpose or of all. It wins over every consent, by person and by contact digest, until the
    person consents anew."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="+")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    purpose = models.CharField(
        max_length=10, choices=REFUSED_PURPOSES, default=EVERY_PURPOSE, db_default=EVERY_PURPOSE
    )
    person_id = models.BigIntegerField(null=True, db_index=True)
    contact_digest = models.CharField(max_length=32, null=True, db_index=True)
    source = models.CharField(max_length=20)
    words = models.CharField(max_length=100, blank=True)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["shop", "channel", "person_id"], name="optout_shop_channel_person")]


class DeadContact(models.Model):
    """A number or address that the carrier said does not exist."""

    channel = models.CharField(max_length=10, choices=Channel.choices)
    contact_digest = models.CharField(max_length=32)
    reason = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "contact_digest"], name="dead_contact_once")
        ]


class Tombstone(models.Model):
    """A digest of an erased person: an import that meets it loads the order without customer."""

    digest = models.CharField(max_length=32, primary_key=True)
    owner = models.ForeignKey(Owner, models.CASCADE, related_name="+")
    created_at = models.DateTimeField()


class Erasure(models.Model):
    """The course of erasing one person; each step's date is shown."""

    owner = models.ForeignKey(Owner, models.PROTECT, related_name="+")
    shop = models.ForeignKey(Shop, models.PROTECT, related_name="+")
    person_id = models.BigIntegerField()
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    messages_suppressed_at = models.DateTimeField(null=True)
    vault_deleted_at = models.DateTimeField(null=True)
    facts_rewritten_at = models.DateTimeField(null=True)
    vacuumed_at = models.DateTimeField(null=True)
    numbers = models.JSONField(default=list)  # of the customers, from step 3 until step 4 is over
