"""Sending a request, with the articles that may answer it first."""

from flask import Blueprint, abort, flash, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import EmailField, IntegerField, MultipleFileField, StringField, TextAreaField
from wtforms.validators import InputRequired, NumberRange, ValidationError

from crm.customers import commands as customers
from crm.customers.queries import Customer
from kernel import i18n
from kernel.errors import AlreadySent, DomainError, InvalidField
from kernel.files import ACCEPTED
from kernel.i18n import lazy_text as _l
from knowledge_base.articles import finding
from knowledge_base.articles import queries as articles
from knowledge_base.articles.queries import Article
from knowledge_base.questions.queries import Face
from portal import expectations, navigation, searching, visitors
from service_desk.tickets import commands, queries
from service_desk.tickets.queries import Ticket
from tenants.modules import Module
from tenants.staff import mail_address
from web import access, attachments, forms, htmx, modules
from web.access import public
from web.forms import Form, OnceForm
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("asking", __name__), Module.REQUESTS)

_SUGGESTED = 3


class NotAPerson(DomainError):
    message = _l("Leave the field “Website” empty: it is there to stop machines. Then send again.")


class RequestForm(OnceForm):
    """What a signed-in customer is asked; `website` is a trap that people do not see and machines fill in."""

    subject = StringField(_l("What is it about?"), [InputRequired(_l("Say in a few words what it is about."))])
    body = TextAreaField(_l("What happened?"), [InputRequired(_l("Write a message."))])
    files = MultipleFileField(_l("Files"))
    website = StringField(_l("Website"))


class GuestRequestForm(RequestForm):
    """What a guest is asked besides: where to send the answer."""

    email = EmailField(_l("Your e-mail address"), [InputRequired(_l("Enter your e-mail address, so that we can answer."))])
    name = StringField(_l("Your name"))

    def validate_email(self, field: EmailField) -> None:
        """Say what is wrong with the address together with everything else, not after it."""
        try:
            mail_address(field.data or "")
        except InvalidField as error:
            raise ValidationError(str(error)) from error


def _form() -> RequestForm:
    return RequestForm() if access.actor().kind == "customer" else GuestRequestForm()


@blueprint.get("/<language:language>/requests/new")
@public("guests may ask for help")
def page() -> Response:
    form = _form()
    form.subject.data = searching.question("subject")
    return _shown(form)


@blueprint.post("/<language:language>/requests/new")
@public("guests may ask for help")
def send() -> Response:
    form = _form()
    if form.validate():
        with form.refusals():
            ticket = _send(form)
            return htmx.redirect_to(url_for("requests.show", public_id=ticket.public_id, received=1))
    if isinstance(form.refusal, AlreadySent):
        return _already_sent(form)
    return _shown(form)


def _send(form: RequestForm) -> Ticket:
    if form.website.data:
        raise NotAPerson()
    customer = _sender(form)
    ticket = commands.create(
        session,
        customer=customer,
        subject=form.subject.data or "",
        body=form.body.data or "",
        language=i18n.spoken().code,
        actor=customer.as_actor(),
        form_key=form.key,
        uploads=attachments.arrived(),
    )
    visitors.wrote(ticket, customer)
    return ticket


def _sender(form: RequestForm) -> Customer:
    """Return the customer who is signed in, or the one whose address the guest gave."""
    person = access.current_person()
    if person is not None:
        signed_in: Customer = person.record
        return signed_in
    assert isinstance(form, GuestRequestForm)
    email = form.email.data or ""
    name = (form.name.data or "").strip() or email.strip().partition("@")[0]
    return customers.welcome(session, email=email, name=name, language=i18n.spoken().code)


def _shown(form: RequestForm) -> Response:
    form.website.data = ""
    return forms.show(
        "portal/asking/page.html",
        form,
        first_reply=expectations.first_reply(),
        suggested=_suggested(form.subject.data or ""),
        accepted_files=ACCEPTED,
        has_lost_files=bool(form.errors and attachments.arrived()),
        canonical=navigation.absolute(url_for("asking.page")),
        alternates=navigation.alternates(navigation.in_every_language("asking.page")),
    )


def _already_sent(form: RequestForm) -> Response:
    """The form came before: lead to the request that it made then."""
    ticket = queries.by_form_key(session, form.key or "")
    return htmx.answer(render_template("portal/asking/already_sent.html", error=form.refusal, ticket=ticket), status=409)


@blueprint.get("/<language:language>/requests/suggestions")
@public("guests may ask for help")
def suggestions() -> str:
    return render_template("portal/asking/_suggested.html", suggested=_suggested(searching.question("subject")))


def _suggested(subject: str) -> list[Article]:
    """Return what may answer a subject; a form that comes back refused shows it too, for those without scripts."""
    words = " ".join(subject.split())[: searching.LONGEST_QUESTION]
    if not modules.is_on(Module.KNOWLEDGE_BASE) or not searching.means_something(words):
        return []
    found = finding.find(session, words, i18n.spoken(), actor=access.actor(), limit=_SUGGESTED, to_read=True)
    shown = [one.article for one in found.finds] or _beginning_with(words)
    visitors.asked(words, face=Face.REQUEST, hits=0 if found.is_guess else max(found.total, len(shown)))
    return shown


def _beginning_with(words: str) -> list[Article]:
    """Return articles for a word that is still being typed: it is in none of them, but may begin a word of a title."""
    begun = finding.suggest(session, words, i18n.spoken(), actor=access.actor())[:_SUGGESTED]
    return articles.listed(session, [one.id for one in begun], actor=access.actor(), to_read=True)


class SolvedForm(Form):
    """What "Yes" under an article says: which one it was."""

    article = IntegerField(validators=[InputRequired(), NumberRange(1, 2**63 - 1)])


@blueprint.post("/<language:language>/requests/solved")
@public("guests may be helped without asking")
def solved() -> Response:
    """Close the form that an article made needless, and count that it did."""
    form = SolvedForm()
    if not form.validate():
        abort(422)
    visitors.was_helped(articles.get(session, form.article.data, actor=access.actor()))
    flash(_("Good to hear. Nothing was sent."), "success")
    return htmx.redirect_to(url_for("home.page"))
