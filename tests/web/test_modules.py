"""Every page belongs to a module that a tenant may switch off, or is said here to be always there."""

import wsgi

# The house itself: its doors, its people, its settings.  Whoever adds a blueprint says `modules.belongs_to`, or adds it here.
ALWAYS_THERE = {
    "portal": {"home", "account", "brand", "robots", "signing_in", "sitemaps"},
    "desk": {
        *("signing_in", "choosing_language", "arriving", "my_settings", "bell", "settings"),
        *("first_steps", "support", "support_help"),
        *("settings_people", "settings_roles", "settings_sign_ins", "settings_branding"),
        *("settings_domains", "settings_languages", "settings_modules", "settings_audit"),
        *("settings_closing", "settings_exporting", "settings_demo_data"),
    },
}


def test_every_room_belongs_to_a_module_or_is_always_there(house):
    undecided = [
        f"{face}: {name}"
        for face, always in ALWAYS_THERE.items()
        for name, blueprint in wsgi.faces()[face].blueprints.items()
        if name not in always and not hasattr(blueprint, "module")
    ]
    assert undecided == []
