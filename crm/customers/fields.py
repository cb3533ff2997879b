"""The customer's dictionary: what a customer is made of, and how lists and forms treat each part."""

from sqlalchemy import func

from crm.customers.models import Customer
from kernel.i18n import LANGUAGES, spoken
from kernel.i18n import lazy_text as _l
from kernel.records import Field, Kind, RecordType
from tenants.permissions import Permission

CUSTOMER = RecordType(
    name="customer",
    entity=Customer,
    plural=_l("Customers"),
    title="name",
    search_column=Customer.search_text,
    fields=(
        Field(
            name="name",
            label=_l("Name"),
            column=Customer.name,
            sort_by=Customer.sort_key,
            max_length=120,
            is_required=True,
            hint=_l("As the customer writes it"),
        ),
        Field(
            name="email",
            label=_l("E-mail"),
            kind=Kind.EMAIL,
            column=Customer.email,
            sort_by=func.coalesce(Customer.email, ""),
            hint=_l("With it the customer signs in to the help centre"),
        ),
        Field(
            name="phone",
            label=_l("Phone"),
            kind=Kind.PHONE,
            column=Customer.phone,
            hint=_l("With the country code, such as +886 2 5550 0188"),
        ),
        Field(
            name="organisation",
            label=_l("Organisation"),
            column=Customer.organisation,
            sort_by=Customer.organisation,
            max_length=120,
        ),
        Field(
            name="language",
            label=_l("Language"),
            kind=Kind.CHOICE,
            column=Customer.language,
            sort_by=Customer.language,
            choices={language.code: language.name for language in LANGUAGES},
            default=lambda: spoken().code,
            is_required=True,
            is_bulk_editable=True,
            hint=_l("The language in which we write to the customer"),
        ),
        Field(name="tags", label=_l("Tags"), kind=Kind.TAGS, column=Customer.tags, hint=_l("Separated by commas")),
        Field(
            name="notes",
            label=_l("Notes"),
            kind=Kind.LONG_TEXT,
            column=Customer.notes,
            max_length=10_000,
            unmasked_by=Permission.CUSTOMER_WRITE,
            hint=_l("For colleagues only; the customer never sees them"),
        ),
        Field(name="created_at", label=_l("Added"), kind=Kind.MOMENT, column=Customer.created_at, sort_by=Customer.created_at),
        Field(
            name="updated_at", label=_l("Updated"), kind=Kind.MOMENT, column=Customer.updated_at, sort_by=Customer.updated_at
        ),
    ),
)
