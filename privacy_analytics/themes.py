"""What people ask about: a public taxonomy of themes of music production."""
