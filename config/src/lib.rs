//! `config.yaml`: what a user has decided.
