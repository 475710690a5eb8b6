"""Operations: whether the platform is well, what needs somebody, and the page that says so. It knows no release and no gate."""
