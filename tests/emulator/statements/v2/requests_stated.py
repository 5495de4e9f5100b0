"""Statements about every request: sections 2 to 4."""

from tests.emulator.statements.v2.statement import Statement, beside, here

TRANSPORT = (
    Statement(
        "2.1",
        "a missing content type counts as JSON, another one is a 400",
        here(
            "transport", "a_body_without_content_type_counts_as_json", "another_content_type_is_a_bad_request"
        ),
    ),
    Statement(
        "2.1",
        "`From` with a UUID is accepted on loopback",
        (
            *here("transport", "a_sender_on_loopback_is_known_by_its_uuid"),
            *beside("identity", "v2_takes_a_sender_on_loopback_and_v1_does_not"),
        ),
    ),
    Statement(
        "2.1",
        "a bearer token comes out of a table of its own",
        (
            *beside("identity", "a_table_of_tokens_makes_identity_come_first_and_names_the_caller"),
            *here("transport", "a_token_is_looked_up_before_a_sender"),
        ),
    ),
    Statement(
        "2.1",
        "the deprecated organization header is not implemented",
        here("transport", "the_deprecated_organization_header_opens_nothing"),
    ),
    Statement("2.1", "what clients send without a token, their time limits", reason="happens in the client"),
    Statement(
        "2.1", "service users and their tokens", reason="another service (IAM), in neither description"
    ),
    Statement(
        "2.2",
        "route first: unknown paths and methods are told before identity",
        here("transport", "an_unknown_path_is_told_before_identity_is_asked"),
    ),
    Statement(
        "2.2",
        "then the schema, then strict decoding",
        here("transport", "the_schema_is_checked_before_unknown_fields"),
    ),
    Statement(
        "2.2",
        "then identity",
        (
            *here("transport", "a_backend_looks_at_the_body_before_it_asks_who_calls"),
            *beside("identity", "v2_validates_before_it_asks_who_calls"),
        ),
    ),
    Statement(
        "2.2",
        "then permission, so a bad body is told even to a caller with no rights",
        here(
            "permissions",
            "a_bad_body_is_told_even_to_a_caller_with_no_rights",
            "permission_comes_before_the_object",
        ),
    ),
    Statement(
        "2.2",
        "then the operation itself",
        here(
            "transport", "rules_beyond_the_schema_are_checked_after_identity", "references_are_looked_up_last"
        ),
    ),
    Statement(
        "2.2",
        "at the gateway the token is checked before all of this",
        here(
            "transport",
            "the_gateway_asks_for_the_token_before_everything_else",
            "the_gateway_tells_of_paths_and_methods_only_to_those_it_knows",
        ),
    ),
    Statement("2.2", "time limits of handlers", reason="no operation of the emulator takes that long"),
    Statement(
        "2.3",
        "reading and writing are permissions of their own, by kind, scoped to the organization",
        here(
            "permissions",
            "a_write_without_permission_names_the_check_that_failed",
            "kinds_of_the_catalogue_have_permissions_of_their_own",
            "making_an_organization_is_a_write_beyond_any_organization",
            "reading_is_open_to_those_who_may_read",
            "a_refused_write_changes_nothing_and_is_logged",
            "another_token_of_the_same_table_may_write",
            "a_sender_without_token_may_be_one_who_only_reads",
        ),
    ),
    Statement(
        "2.3",
        "the first API refuses with the same status (v1 1.1)",
        here("permissions", "the_first_api_refuses_writes_the_same_way"),
    ),
    Statement(
        "2.4",
        "the list of all environments of an organization and internal paths are not routed",
        here("transport", "paths_that_no_gateway_rule_knows_are_not_found"),
    ),
    Statement(
        "2.4",
        "organizations are created by an administrator, ids have two to fifty characters",
        (
            *here("transport", "an_organization_is_created_by_an_id_of_two_to_fifty_characters"),
            *beside("runners", "an_organization_can_be_created"),
        ),
    ),
    Statement(
        "2.4",
        "two health probes without identity",
        (
            *here("transport", "probes_of_health_ask_for_no_identity"),
            *beside("runners", "health_asks_for_no_identity"),
        ),
    ),
)

ERRORS = (
    Statement(
        "3.1",
        "errors are JSON with a code made of the status, and a message",
        here("errors", "every_error_has_a_code_and_a_message_in_json"),
    ),
    Statement(
        "3.1",
        "a NUL character has a code of its own",
        (
            *here("errors", "a_nul_character_in_a_body_has_a_code_of_its_own"),
            *beside("runner_validation", "a_nul_character_has_its_own_code"),
        ),
    ),
    Statement(
        "3.1",
        "401 of a backend: without `From`, and with one that is no UUID",
        (
            *beside("identity", "no_token_is_refused_by_both_apis"),
            *here("transport", "a_sender_that_is_no_uuid_is_unauthorized"),
        ),
    ),
    Statement(
        "3.1",
        "401 of the gateway with its challenge",
        here("transport", "the_gateway_asks_for_the_token_before_everything_else"),
    ),
    Statement(
        "3.1",
        "403 with the failed check",
        here("permissions", "a_write_without_permission_names_the_check_that_failed"),
    ),
    Statement(
        "3.1",
        "404 for unknown objects, unknown paths and trailing slashes",
        (
            *here("errors", "what_is_not_there_is_named"),
            *beside("runners", "wrong_methods_and_trailing_slashes_are_404"),
        ),
    ),
    Statement(
        "3.1",
        "404 for a wrong method, never 405",
        here("errors", "a_wrong_method_is_not_found", "no_operation_takes_head"),
    ),
    Statement(
        "3.1",
        "anything not foreseen is a 500 of one text",
        here("errors", "the_unforeseen_has_one_text"),
    ),
    Statement("3.1", "codes in words", reason="belong to later servers"),
    Statement(
        "3.2",
        "the first problem is the only one told",
        here("errors", "validation_stops_at_the_first_problem"),
    ),
    Statement(
        "3.2 a",
        "problems at the top level are one line that names the schema",
        (
            *beside(
                "runner_validation",
                "problems_at_the_top_level_are_one_line",
                "a_missing_member_is_named",
            ),
            *here("errors", "a_body_that_is_no_object_does_not_match_the_schema"),
        ),
    ),
    Statement(
        "3.2 a",
        "a discriminator that is missing, unknown or no text",
        here("errors", "a_discriminator_is_told_on_one_line_that_names_the_schema"),
    ),
    Statement(
        "3.2 b",
        "a pattern with a text of its own answers with that text only",
        (
            *here("errors", "a_pattern_with_a_text_of_its_own_answers_with_that_text_only"),
            *here("runner_types", "a_value_outside_its_pattern_answers_with_the_text_of_the_pattern"),
            *beside("runner_validation", "storage_patterns_answer_with_their_own_text"),
        ),
    ),
    Statement(
        "3.2 b",
        "other problems inside quote place, schema and the enclosing value, credentials included",
        (
            *here(
                "errors",
                "a_problem_inside_quotes_place_schema_and_the_enclosing_value",
                "a_problem_beside_a_credential_echoes_the_credential",
            ),
            *beside("runner_validation", "problems_inside_a_configuration_echo_schema_and_submitted_value"),
        ),
    ),
    Statement("3.2 b", "joined messages of several variants", reason="a discriminator leaves one variant"),
    Statement(
        "3.2 c",
        "an unknown field at the top level",
        beside("runner_validation", "unknown_members_are_refused_at_every_depth_of_the_configuration"),
    ),
    Statement(
        "3.2 c",
        "a wrong JSON type that only decoding finds",
        reason="the emulator's schemas name the type of every member",
    ),
    Statement(
        "3.2 c",
        "an unknown field at any depth of a configuration outside pod templates names the type",
        here(
            "errors",
            "an_unknown_field_anywhere_in_a_configuration_names_the_type",
            "free_names_in_variables_are_no_unknown_fields",
        ),
    ),
    Statement(
        "3.2 c",
        "empty bodies and broken JSON",
        beside("runner_validation", "bodies_that_do_not_decode_say_so"),
    ),
    Statement(
        "3.2 c",
        "a bad integer in the query",
        here("errors", "a_page_size_that_is_no_integer_is_told_with_its_value"),
    ),
    Statement(
        "3.2 c",
        "a rule id that is no UUID",
        here("errors", "a_rule_id_that_is_no_uuid_is_a_bad_request"),
    ),
    Statement(
        "3.2 c",
        "unknown query parameters are ignored",
        here("errors", "unknown_query_parameters_are_ignored"),
    ),
    Statement(
        "3.2 c",
        "unknown storage fields are accepted, stored and returned",
        here("errors", "unknown_storage_fields_are_accepted_stored_and_returned"),
    ),
)

LISTS = (
    Statement(
        "4",
        "a page has 100 items unless asked otherwise, at least one, and no upper limit",
        here(
            "lists",
            "a_page_holds_a_hundred_items_unless_asked_otherwise",
            "a_size_below_one_counts_as_one",
        ),
    ),
    Statement("4", "the last page carries no token", here("lists", "a_full_last_page_carries_no_token")),
    Statement(
        "4",
        "lists are in order of ids",
        (
            *here("lists", "lists_are_ordered_by_id_and_read_page_by_page"),
            *beside("modules", "lists_are_summaries_ordered_by_id_and_filtered_by_type"),
            *beside("runners", "lists_are_summaries_in_order_of_ids_behind_place_markers"),
        ),
    ),
    Statement(
        "4",
        "rules are in order of runner and id",
        beside("runner_rules", "rules_are_paged_by_runner_and_id"),
    ),
    Statement(
        "4",
        "a token marks a place and is no snapshot",
        here(
            "lists",
            "a_token_marks_a_place_that_may_be_gone",
            "a_token_may_be_followed_with_another_size",
        ),
    ),
    Statement(
        "4",
        "a malformed token probably ends in a 500",
        here("lists", "a_token_that_was_never_handed_out_is_unforeseen"),
    ),
    Statement("4", "the collation of the database", reason="not to be relied on, says the reference"),
    Statement(
        "4",
        "a list of an unknown organization is empty",
        (
            *here("lists", "a_list_of_an_unknown_organization_is_empty"),
            *here("modules", "lists_of_an_unknown_organization_are_empty"),
        ),
    ),
    Statement("4", "lists of runners are summaries", here("lists", "a_list_of_runners_tells_types_only")),
    Statement(
        "4",
        "the filter by runner type has no effect",
        here("lists", "the_filter_by_runner_type_has_no_effect"),
    ),
)
