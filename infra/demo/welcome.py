"""What a newcomer is told when the demo is ready."""

from infra.demo.chain import CHAIN, OPERATOR, PASSWORD, VENDOR
from kernel import settings
from kernel.i18n import BY_CODE


def welcome() -> str:
    """Return the addresses and sign-ins of the demo, ready to print."""
    current = settings.current()
    lines = [
        "",
        f"  Platform          {current.platform_url}/            operators: {current.platform_url}/ops/",
        f"  Sign up           {current.platform_url}/signup",
        f"  Captured mail     {current.platform_url}/dev/mail",
        f"  Our own desk      {current.tenant_url(VENDOR.slug, '/desk/')}   agent@{VENDOR.slug}.example",
        "",
    ]
    for tenant in CHAIN:
        portal = current.tenant_url(tenant.slug, f"/{BY_CODE[tenant.locale].path}/")
        lines += [
            f"  {tenant.name}",
            f"    help centre     {portal}",
            f"    desk            {current.tenant_url(tenant.slug, '/desk/')}",
        ]
    people = "admin@ manager@ agent@ customer@ + SLUG.example   (SLUG: " + " ".join(tenant.slug for tenant in CHAIN) + ")"
    lines += [
        "",
        f"  Sign-ins          {people}",
        f"                    {OPERATOR} on the platform",
        f"  Password          {PASSWORD}",
        "",
    ]
    return "\n".join(lines)
