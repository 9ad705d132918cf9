"""Every page in every state that a visitor can meet: valid, accessible, light, and whole on any screen."""
