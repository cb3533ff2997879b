"""Session cookies that are worth nothing anywhere but where they were given: at this host, at this face."""

from datetime import datetime, timedelta

from flask import Flask, Request, has_request_context, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature, URLSafeTimedSerializer

from kernel import clock

# Before its thirty days are over a cookie must be given anew; to sign and send one with every page is more than that takes.
_RENEWED_AFTER = timedelta(days=1)


class HouseSession(SecureCookieSession):
    """What a cookie says, and since when it has been in the browser; nothing when it has not been."""

    signed_at: datetime | None = None


class HouseCookies(SecureCookieSessionInterface):
    """Signs with the host's and the face's names in the key, and gives a cookie that says the same once a day.

    Browsers keep cookies of hosts apart, people who write their own requests do not.  What a cookie says beyond the token of a
    sign-in, such as whose password was right a minute ago, names rows by numbers that mean somebody else at another house.
    """

    session_class = HouseSession

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        serializer = super().get_signing_serializer(app)
        if serializer is not None and has_request_context():
            place = f"{self.salt}:{app.config['SESSION_COOKIE_NAME']}:{request.host.lower()}"
            serializer.salt = place.encode()
        return serializer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        serializer, value = self.get_signing_serializer(app), request.cookies.get(self.get_cookie_name(app))
        if serializer is None:
            return None
        if not value:
            return HouseSession()
        longest = int(app.permanent_session_lifetime.total_seconds())
        try:
            said, signed_at = serializer.loads(value, max_age=longest, return_timestamp=True)
        except BadSignature:
            return HouseSession()
        session = HouseSession(said)
        session.signed_at = signed_at
        return session

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        if session.modified or not session.permanent:
            return session.modified
        signed_at = getattr(session, "signed_at", None)
        return signed_at is None or clock.now() - signed_at > _RENEWED_AFTER
