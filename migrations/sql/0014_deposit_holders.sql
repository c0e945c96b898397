GRANT INSERT (partner_number, carried_on, prior_number, paid_until, paid_before_minor) ON deposit TO koperasi_app;
GRANT INSERT (round) ON deposit_return TO koperasi_app;
