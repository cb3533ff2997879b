"""Session cookies that are worth nothing anywhere but where they were given: at this host, at this face."""

from flask import Flask, has_request_context, request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer


class HouseCookies(SecureCookieSessionInterface):
    """Signs with the host's and the face's names in the key.

    Browsers keep cookies of hosts apart, people who write their own requests do not.  What a cookie says beyond the token of a
    sign-in, such as whose password was right a minute ago, names rows by numbers that mean somebody else at another house.
    """

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        serializer = super().get_signing_serializer(app)
        if serializer is not None and has_request_context():
            place = f"{self.salt}:{app.config['SESSION_COOKIE_NAME']}:{request.host.lower()}"
            serializer.salt = place.encode()
        return serializer
