"""Who is in the demo chain."""

from dataclasses import dataclass
from pathlib import Path

from tenants import vendor

PASSWORD = "frontdesk-demo"
OPERATOR = "operator@frontdesk.example"
CONTENT = Path(__file__).parent / "content"


@dataclass(frozen=True)
class DemoTenant:
    slug: str
    name: str
    locale: str
    time_zone: str
    brand_color: str
    phone: str

    @property
    def folder(self) -> Path:
        return CONTENT / self.slug


# Whoever runs the platform answers its tenants from a house of their own, with a desk as theirs.
VENDOR = DemoTenant(vendor.SLUG, "Frontdesk", "en", "UTC", "#0b6e5f", "")
CHAIN = (
    DemoTenant("ruiju", "瑞居酒店集團", "zh_Hant", "Asia/Taipei", "#0f766e", "+886-2-5550-0188"),
    DemoTenant("ruiju-shanghai", "瑞居酒店（上海外滩店）", "zh_Hans", "Asia/Shanghai", "#9a3412", "+86-21-5550-0166"),
    DemoTenant("ruiju-beijing", "瑞居酒店（北京国贸店）", "zh_Hans", "Asia/Shanghai", "#9f1239", "+86-10-5550-0177"),
    DemoTenant("acme", "Acme Advisory", "en", "Europe/London", "#3730a3", "+44 20 7946 0123"),
)
