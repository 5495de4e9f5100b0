"""What the reference of v2 says and a client could see, and the tests that show it.

One row a statement, by section. A row without tests says why nothing can be seen at the API.
Sections 1, 10 to 14 and 19 are about names, clusters, clouds, command lines and open points.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    """One statement: `tests` are node ids below `tests/emulator`, `reason` stands where there is none."""

    section: str
    text: str
    tests: tuple[str, ...] = ()
    reason: str = ""


def _here(subject: str, *names: str) -> tuple[str, ...]:
    return tuple(f"statements/v2/test_{subject}.py::test_{name}" for name in names)


def _beside(subject: str, *names: str) -> tuple[str, ...]:
    return tuple(f"test_{subject}.py::test_{name}" for name in names)


_TRANSPORT = (
    Statement(
        "2.1",
        "a missing content type counts as JSON, another one is a 400",
        _here(
            "transport", "a_body_without_content_type_counts_as_json", "another_content_type_is_a_bad_request"
        ),
    ),
    Statement(
        "2.1",
        "`From` with a UUID is accepted on loopback",
        (
            *_here("transport", "a_sender_on_loopback_is_known_by_its_uuid"),
            *_beside("identity", "v2_takes_a_sender_on_loopback_and_v1_does_not"),
        ),
    ),
    Statement(
        "2.1",
        "a bearer token comes out of a table of its own",
        (
            *_beside("identity", "a_table_of_tokens_makes_identity_come_first_and_names_the_caller"),
            *_here("transport", "a_token_is_looked_up_before_a_sender"),
        ),
    ),
    Statement(
        "2.1",
        "the deprecated organization header is not implemented",
        _here("transport", "the_deprecated_organization_header_opens_nothing"),
    ),
    Statement("2.1", "what clients send without a token, their time limits", reason="happens in the client"),
    Statement(
        "2.1", "service users and their tokens", reason="another service (IAM), in neither description"
    ),
    Statement(
        "2.2",
        "route first: unknown paths and methods are told before identity",
        _here("transport", "an_unknown_path_is_told_before_identity_is_asked"),
    ),
    Statement(
        "2.2",
        "then the schema, then strict decoding",
        _here("transport", "the_schema_is_checked_before_unknown_fields"),
    ),
    Statement(
        "2.2",
        "then identity",
        (
            *_here("transport", "a_backend_looks_at_the_body_before_it_asks_who_calls"),
            *_beside("identity", "v2_validates_before_it_asks_who_calls"),
        ),
    ),
    Statement(
        "2.2",
        "then permission, so a bad body is told even to a caller with no rights",
        _here(
            "permissions",
            "a_bad_body_is_told_even_to_a_caller_with_no_rights",
            "permission_comes_before_the_object",
        ),
    ),
    Statement(
        "2.2",
        "then the operation itself",
        _here(
            "transport", "rules_beyond_the_schema_are_checked_after_identity", "references_are_looked_up_last"
        ),
    ),
    Statement(
        "2.2",
        "at the gateway the token is checked before all of this",
        _here("transport", "the_gateway_asks_for_the_token_before_everything_else"),
    ),
    Statement("2.2", "time limits of handlers", reason="no operation of the emulator takes that long"),
    Statement(
        "2.3",
        "reading and writing are permissions of their own, by kind, scoped to the organization",
        _here(
            "permissions",
            "a_write_without_permission_names_the_check_that_failed",
            "reading_is_open_to_those_who_may_read",
            "a_refused_write_changes_nothing_and_is_logged",
            "another_token_of_the_same_table_may_write",
            "a_sender_without_token_may_be_one_who_only_reads",
        ),
    ),
    Statement(
        "2.3",
        "the first API refuses with the same status (v1 1.1)",
        _here("permissions", "the_first_api_refuses_writes_the_same_way"),
    ),
    Statement(
        "2.4",
        "the list of all environments of an organization and internal paths are not routed",
        _here("transport", "paths_that_no_gateway_rule_knows_are_not_found"),
    ),
    Statement(
        "2.4",
        "organizations are created by an administrator, ids have two to fifty characters",
        (
            *_here("transport", "an_organization_is_created_by_an_id_of_two_to_fifty_characters"),
            *_beside("runners", "an_organization_can_be_created"),
        ),
    ),
    Statement(
        "2.4",
        "two health probes without identity",
        (
            *_here("transport", "probes_of_health_ask_for_no_identity"),
            *_beside("runners", "health_asks_for_no_identity"),
        ),
    ),
)

_ERRORS = (
    Statement(
        "3.1",
        "errors are JSON with a code made of the status, and a message",
        _here("errors", "every_error_has_a_code_and_a_message_in_json"),
    ),
    Statement(
        "3.1",
        "a NUL character has a code of its own",
        (
            *_here("errors", "a_nul_character_in_a_body_has_a_code_of_its_own"),
            *_beside("runner_validation", "a_nul_character_has_its_own_code"),
        ),
    ),
    Statement(
        "3.1",
        "401 of a backend: without `From`, and with one that is no UUID",
        (
            *_beside("identity", "no_token_is_refused_by_both_apis"),
            *_here("transport", "a_sender_that_is_no_uuid_is_unauthorized"),
        ),
    ),
    Statement(
        "3.1",
        "401 of the gateway with its challenge",
        _here("transport", "the_gateway_asks_for_the_token_before_everything_else"),
    ),
    Statement(
        "3.1",
        "403 with the failed check",
        _here("permissions", "a_write_without_permission_names_the_check_that_failed"),
    ),
    Statement(
        "3.1",
        "404 for unknown objects, unknown paths and trailing slashes",
        (
            *_here("errors", "what_is_not_there_is_named"),
            *_beside("runners", "wrong_methods_and_trailing_slashes_are_404"),
        ),
    ),
    Statement(
        "3.1",
        "404 for a wrong method, never 405",
        _here("errors", "a_wrong_method_is_not_found", "no_operation_takes_head"),
    ),
    Statement(
        "3.1",
        "anything not foreseen is a 500 of one text",
        _here("errors", "the_unforeseen_has_one_text"),
    ),
    Statement("3.1", "codes in words", reason="belong to later servers"),
    Statement(
        "3.2",
        "the first problem is the only one told",
        _here("errors", "validation_stops_at_the_first_problem"),
    ),
    Statement(
        "3.2 a",
        "problems at the top level are one line that names the schema",
        (
            *_beside(
                "runner_validation",
                "problems_at_the_top_level_are_one_line",
                "a_missing_member_is_named",
            ),
            *_here("errors", "a_body_that_is_no_object_does_not_match_the_schema"),
        ),
    ),
    Statement(
        "3.2 a",
        "a discriminator that is missing, unknown or no text",
        _here("errors", "a_discriminator_is_told_on_one_line_that_names_the_schema"),
    ),
    Statement(
        "3.2 b",
        "a pattern with a text of its own answers with that text only",
        (
            *_here("errors", "a_pattern_with_a_text_of_its_own_answers_with_that_text_only"),
            *_here("runner_types", "a_value_outside_its_pattern_answers_with_the_text_of_the_pattern"),
            *_beside("runner_validation", "storage_patterns_answer_with_their_own_text"),
        ),
    ),
    Statement(
        "3.2 b",
        "other problems inside quote place, schema and the enclosing value, credentials included",
        (
            *_here(
                "errors",
                "a_problem_inside_quotes_place_schema_and_the_enclosing_value",
                "a_problem_beside_a_credential_echoes_the_credential",
            ),
            *_beside("runner_validation", "problems_inside_a_configuration_echo_schema_and_submitted_value"),
        ),
    ),
    Statement("3.2 b", "joined messages of several variants", reason="a discriminator leaves one variant"),
    Statement(
        "3.2 c",
        "an unknown field at the top level",
        _beside("runner_validation", "unknown_members_are_refused_at_every_depth_of_the_configuration"),
    ),
    Statement(
        "3.2 c",
        "a wrong JSON type that only decoding finds",
        reason="the emulator's schemas name the type of every member",
    ),
    Statement(
        "3.2 c",
        "an unknown field at any depth of a configuration outside pod templates names the type",
        _here(
            "errors",
            "an_unknown_field_anywhere_in_a_configuration_names_the_type",
            "free_names_in_variables_are_no_unknown_fields",
        ),
    ),
    Statement(
        "3.2 c",
        "empty bodies and broken JSON",
        _beside("runner_validation", "bodies_that_do_not_decode_say_so"),
    ),
    Statement(
        "3.2 c",
        "a bad integer in the query",
        _here("errors", "a_page_size_that_is_no_integer_is_told_with_its_value"),
    ),
    Statement(
        "3.2 c",
        "a rule id that is no UUID",
        _here("errors", "a_rule_id_that_is_no_uuid_is_a_bad_request"),
    ),
    Statement(
        "3.2 c",
        "unknown query parameters are ignored",
        _here("errors", "unknown_query_parameters_are_ignored"),
    ),
    Statement(
        "3.2 c",
        "unknown storage fields are accepted, stored and returned",
        _here("errors", "unknown_storage_fields_are_accepted_stored_and_returned"),
    ),
)

_LISTS = (
    Statement(
        "4",
        "a page has 100 items unless asked otherwise, at least one, and no upper limit",
        _here(
            "lists",
            "a_page_holds_a_hundred_items_unless_asked_otherwise",
            "a_size_below_one_counts_as_one",
        ),
    ),
    Statement("4", "the last page carries no token", _here("lists", "a_full_last_page_carries_no_token")),
    Statement(
        "4",
        "lists are in order of ids",
        (
            *_here("lists", "lists_are_ordered_by_id_and_read_page_by_page"),
            *_beside("modules", "lists_are_summaries_ordered_by_id_and_filtered_by_type"),
            *_beside("runners", "lists_are_summaries_in_order_of_ids_behind_place_markers"),
        ),
    ),
    Statement(
        "4",
        "rules are in order of runner and id",
        _beside("runner_rules", "rules_are_paged_by_runner_and_id"),
    ),
    Statement(
        "4",
        "a token marks a place and is no snapshot",
        _here(
            "lists",
            "a_token_marks_a_place_that_may_be_gone",
            "a_token_may_be_followed_with_another_size",
        ),
    ),
    Statement(
        "4",
        "a malformed token probably ends in a 500",
        _here("lists", "a_token_that_was_never_handed_out_is_unforeseen"),
    ),
    Statement("4", "the collation of the database", reason="not to be relied on, says the reference"),
    Statement(
        "4",
        "a list of an unknown organization is empty",
        (
            *_here("lists", "a_list_of_an_unknown_organization_is_empty"),
            *_here("modules", "lists_of_an_unknown_organization_are_empty"),
        ),
    ),
    Statement("4", "lists of runners are summaries", _here("lists", "a_list_of_runners_tells_types_only")),
    Statement(
        "4",
        "the filter by runner type has no effect",
        _here("lists", "the_filter_by_runner_type_has_no_effect"),
    ),
)

_RUNNERS = (
    Statement(
        "5.1",
        "create, read, list, update, delete with their statuses",
        (
            *_beside("runners", "a_runner_is_answered_with_201_and_read_back_as_sent"),
            *_here(
                "runners",
                "a_patch_or_deletion_of_an_unknown_runner_is_not_found",
                "deleting_a_runner_forgets_its_credentials",
            ),
        ),
    ),
    Statement(
        "5.1",
        "the internal read is not reachable from outside",
        _here("transport", "paths_that_no_gateway_rule_knows_are_not_found"),
    ),
    Statement(
        "5.1",
        "no PUT, no ETag, no idempotency key; the last write wins",
        (
            *_here("errors", "a_wrong_method_is_not_found"),
            *_here("runners", "there_is_no_optimistic_locking_and_the_last_write_wins"),
        ),
    ),
    Statement(
        "5.2",
        "ids: pattern, at least two characters, no maximum, immutable",
        (
            *_here(
                "runners",
                "an_id_has_at_least_two_characters_and_no_longest_length",
                "an_id_outside_the_pattern_is_refused",
            ),
            *_beside("runner_validation", "unknown_members_are_refused_at_every_depth_of_the_configuration"),
        ),
    ),
    Statement(
        "5.2",
        "descriptions: no maximum, may be empty, never null, never removed",
        _here(
            "runners",
            "a_description_has_no_longest_length_and_may_be_empty",
            "a_description_once_set_is_kept_emptied_but_never_removed",
        ),
    ),
    Statement(
        "5.2",
        "fields that the server sets are no input",
        _here("runners", "the_organization_in_the_body_is_an_unknown_field"),
    ),
    Statement(
        "5.2",
        "times are UTC up to microseconds, every successful PATCH moves one",
        (
            *_here("runners", "times_are_utc_to_the_microsecond_and_only_a_success_moves_them"),
            *_beside("runners", "an_empty_patch_only_moves_updated_at"),
        ),
    ),
    Statement("5.2", "the Terraform provider is stricter", reason="happens in the client"),
    Statement(
        "5.3",
        "a taken id is a 409 of one text",
        (
            *_beside("runners", "a_create_that_conflicts_still_writes_the_credential"),
            *_here("runners", "an_id_is_free_again_in_another_organization_and_after_deletion"),
        ),
    ),
    Statement(
        "5.3",
        "an unknown organization is a 409",
        _beside("runners", "an_unknown_organization_lists_nothing_and_takes_nothing"),
    ),
    Statement(
        "5.3", "storage that does not suit the type", _here("runner_types", "ecs_keeps_its_state_in_s3_only")
    ),
    Statement(
        "5.3",
        "a configuration that is not of its type",
        _here("errors", "an_unknown_field_anywhere_in_a_configuration_names_the_type"),
    ),
    Statement(
        "5.4",
        "a description is stored when present and kept when absent",
        _here("runners", "a_description_once_set_is_kept_emptied_but_never_removed"),
    ),
    Statement(
        "5.4",
        "a configuration names its type, which is the stored one",
        (
            *_here("runners", "a_patch_of_the_configuration_needs_its_type"),
            *_beside("runners", "the_type_cannot_change"),
        ),
    ),
    Statement(
        "5.4",
        "parts of a configuration replace whole ones, absent ones stay",
        (
            *_beside(
                "runners",
                "a_part_that_is_present_replaces_the_whole_stored_part",
                "the_key_alone_can_be_replaced",
            ),
            *_here(
                "runners",
                "a_patched_cluster_replaces_all_credentials",
                "a_patched_auth_of_ecs_replaces_the_whole_one",
            ),
        ),
    ),
    Statement("5.4", "a job is complete", _here("runners", "a_patched_job_must_be_complete")),
    Statement(
        "5.4",
        "a pod template left out is removed, an empty one kept, null refused",
        _here("runners", "a_pod_template_is_removed_by_leaving_it_out_kept_when_empty_and_never_null"),
    ),
    Statement(
        "5.4",
        "storage is replaced whole",
        _beside("runners", "storage_is_replaced_whole_and_keeps_unknown_members"),
    ),
    Statement(
        "5.4", "an empty PATCH moves the time", _beside("runners", "an_empty_patch_only_moves_updated_at")
    ),
    Statement("5.4", "null is refused", _beside("runners", "null_is_refused_in_a_patch")),
    Statement(
        "5.4",
        "the result is checked like a creation",
        _here("runners", "a_patch_is_checked_like_a_creation", "patched_storage_must_suit_the_type"),
    ),
    Statement("5.4", "two concurrent PATCHes can lose one", reason="requests run one at a time here"),
    Statement(
        "5.5",
        "environments block the deletion, at most ten are named",
        _beside("runners", "environments_block_the_deletion_and_at_most_ten_are_named"),
    ),
    Statement("5.5", "the same found by the database", reason="a race between two requests"),
    Statement("5.5", "rules go with their runner", _beside("runners", "deleting_a_runner_deletes_its_rules")),
    Statement(
        "5.5",
        "an environment stays bound until it is moved or deleted",
        _here("runners", "a_runner_stays_bound_until_its_environment_is_moved_or_deleted"),
    ),
    Statement(
        "5.5", "credentials go with the runner", _here("runners", "deleting_a_runner_forgets_its_credentials")
    ),
    Statement(
        "5.5",
        "the agent of a deleted runner gets 401",
        _beside("runner_tokens", "a_deleted_runners_agent_is_locked_out"),
    ),
    Statement(
        "5.6",
        "credentials read back as a placeholder for each field that is set",
        _beside("runners", "credentials_read_back_as_a_placeholder_for_each_field_set"),
    ),
    Statement(
        "5.6",
        "a placeholder sent back is stored",
        _beside("runners", "a_placeholder_sent_back_is_stored_as_the_credential"),
    ),
    Statement(
        "5.6",
        "a patched cluster replaces all credentials, another part none",
        _here(
            "runners",
            "a_patched_cluster_replaces_all_credentials",
            "a_patch_without_cluster_leaves_the_credentials",
        ),
    ),
    Statement(
        "5.6",
        "a creation that conflicts writes the credential all the same",
        _beside("runners", "a_create_that_conflicts_still_writes_the_credential"),
    ),
    Statement(
        "5.6", "a key is returned exactly as sent", _here("runners", "a_key_is_returned_exactly_as_sent")
    ),
    Statement(
        "5.7",
        "a default is written into a GKE cluster",
        (
            *_beside("runners", "gke_gets_its_default_written_into_the_body"),
            *_here("runners", "a_default_is_written_for_a_patched_cluster_too"),
        ),
    ),
    Statement(
        "5.7",
        "empty members of an ECS job are dropped",
        _here("runners", "empty_members_of_an_ecs_job_are_dropped_and_full_ones_kept"),
    ),
    Statement(
        "5.7",
        "an empty pod template is kept, a full one is equal as a value",
        (
            *_here("runners", "values_inside_a_pod_template_read_back_equal"),
            *_beside("runner_validation", "a_real_pod_template_passes_and_an_empty_one_is_kept"),
        ),
    ),
)

_TYPES = (
    Statement(
        "6.1", "a job's names may be empty", _here("runner_types", "a_server_takes_empty_names_in_a_job")
    ),
    Statement(
        "6.1 to 6.6",
        "every required part is missed by its place",
        _here("runner_types", "every_required_part_is_missed_by_its_place", "an_agent_needs_key_and_job"),
    ),
    Statement("6.1 to 6.6", "optional parts are kept", _here("runner_types", "optional_parts_are_kept")),
    Statement("6.2", "an agent has no cluster", _here("runner_types", "an_agent_has_no_cluster")),
    Statement(
        "6.2",
        "a key: one line in a frame, LF, at most one newline at the end",
        (
            *_here("runner_types", "a_key_stands_alone_on_one_line_between_its_frame"),
            *_beside("runner_validation", "a_key_outside_the_pattern_gets_only_the_patterns_text"),
        ),
    ),
    Statement(
        "6.2",
        "a key that fits the pattern is parsed, with three ways to fail",
        (
            *_beside("runner_validation", "keys_that_match_the_pattern_are_parsed"),
            *_here("runner_types", "a_key_of_another_kind_is_named_after_the_pattern"),
        ),
    ),
    Statement(
        "6.2", "RSA keys fail before that", _here("runner_types", "an_rsa_key_fails_before_it_is_parsed")
    ),
    Statement("6.2", "two runners may share a key", _here("runner_types", "two_runners_may_share_a_key")),
    Statement(
        "6.3", "credentials may be empty", _here("runner_types", "a_cluster_may_come_without_credentials")
    ),
    Statement(
        "6.5, 6.6",
        "patterns of roles, regions, images and secrets",
        _here("runner_types", "a_value_outside_its_pattern_answers_with_the_text_of_the_pattern"),
    ),
    Statement(
        "6.5, 6.6",
        "lengths and numbers of items",
        _here(
            "runner_types",
            "a_value_beyond_its_limits_is_told_by_place",
            "a_value_inside_a_collection_is_told_by_its_place",
        ),
    ),
    Statement("6.5", "defaults at run time are not stored", _here("runner_types", "optional_parts_are_kept")),
    Statement(
        "6.6",
        "reserved and sensitive variables of an ECS job",
        _here(
            "runner_types",
            "reserved_variables_of_an_ecs_job_are_refused",
            "the_git_keys_of_an_ecs_job_must_be_a_secret",
        ),
    ),
    Statement(
        "6.6", "ECS keeps its state in S3 only", _here("runner_types", "ecs_keeps_its_state_in_s3_only")
    ),
    Statement(
        "6.7",
        "a pod template converts strictly",
        (
            *_here("runner_types", "a_pod_template_converts_strictly"),
            *_beside("runner_validation", "types_inside_a_pod_template_are_exact"),
        ),
    ),
    Statement(
        "6.7",
        "no namespace, no service account, names for containers",
        _beside("runner_validation", "pod_templates_are_checked"),
    ),
    Statement(
        "6.7",
        "reserved and sensitive variables of the runner's containers",
        _here(
            "runner_types",
            "reserved_variables_of_the_runner_containers_are_refused",
            "git_keys_of_a_runner_container_come_from_elsewhere",
        ),
    ),
    Statement(
        "6.7",
        "the old alias of the service account and other secrets in plain text pass, and read back",
        _here("runner_types", "what_the_server_does_not_catch_reads_back_in_clear_text"),
    ),
    Statement(
        "6.7", "which release of Kubernetes the server knows", reason="not published; the emulator has one"
    ),
    Statement(
        "7.1",
        "required fields and patterns of the storages",
        _here(
            "runner_types",
            "every_required_field_of_a_storage_is_missed_by_its_place",
            "a_bucket_has_two_characters_and_no_dots",
            "a_prefix_has_no_leading_slash_and_no_empty_part",
            "a_storage_within_its_rules_reads_back_as_sent",
        ),
    ),
    Statement(
        "7.2",
        "Kubernetes types take every storage",
        _here("runner_types", "kubernetes_types_keep_their_state_anywhere"),
    ),
    Statement("7.3", "what a deployment makes of storage", reason="nothing is deployed here"),
)

_RULES = (
    Statement(
        "8.1",
        "create, read, list, delete, and no update",
        _here(
            "runner_rules",
            "a_rule_reads_back_with_all_its_fields",
            "a_rule_has_no_update",
            "a_pair_is_free_again_when_its_rule_is_deleted",
        ),
    ),
    Statement(
        "8.1",
        "a bad UUID is a 400, an unknown one a 404",
        (
            *_here("errors", "a_rule_id_that_is_no_uuid_is_a_bad_request", "what_is_not_there_is_named"),
            *_beside("runner_rules", "rules_are_addressed_by_uuid_and_cannot_be_changed"),
        ),
    ),
    Statement("8.2", "ids are UUIDs of the server", _here("runner_rules", "ids_of_rules_are_random_uuids")),
    Statement("8.2", "a rule needs its runner", _here("runner_rules", "a_rule_needs_its_runner")),
    Statement(
        "8.2",
        "absent and empty mean any, and read back empty; null is refused",
        (
            *_here(
                "runner_rules",
                "an_empty_text_means_any_just_as_an_absent_field",
                "a_field_of_a_rule_is_text",
            ),
            *_beside("runner_rules", "unset_fields_read_back_as_empty_text", "null_is_refused"),
        ),
    ),
    Statement(
        "8.2",
        "what the server sets is no input, and there is no priority",
        _here("runner_rules", "what_the_server_sets_or_does_not_know_is_refused"),
    ),
    Statement(
        "8.2",
        "the pair is unique in its organization",
        _beside("runner_rules", "the_pair_is_unique_and_the_holder_is_named"),
    ),
    Statement(
        "8.2",
        "missing runner, environment type, project",
        _beside("runner_rules", "missing_references_are_conflicts"),
    ),
    Statement(
        "8.2",
        "one filter is exact, two mean to take part in the choice",
        (
            *_beside("runner_rules", "filters_mean_takes_part_in_the_choice"),
            *_here("runner_rules", "filters_add_up"),
        ),
    ),
    Statement(
        "8.3",
        "a rule matches when each set field does",
        _here("runner_rules", "a_rule_with_another_field_does_not_match"),
    ),
    Statement(
        "8.3",
        "the most specific rule wins",
        _here("runner_rules", "the_most_specific_of_the_matching_rules_wins"),
    ),
    Statement(
        "8.4",
        "the first deployment binds, and rules do not matter afterwards",
        (
            *_here(
                "runner_rules",
                "an_environment_has_no_runner_until_its_first_deployment",
                "rules_do_not_matter_to_an_environment_that_was_deployed",
            ),
            *_beside("runner_rules", "the_most_specific_rule_chooses_at_the_first_deployment_only"),
        ),
    ),
    Statement(
        "8.4",
        "refresh: dry run, done, done without a change",
        _here(
            "runner_rules",
            "refresh_binds_even_before_the_first_deployment",
            "refresh_chooses_again_and_says_updated_without_a_change",
        ),
    ),
    Statement(
        "8.4",
        "refresh: no environment, no matching rule",
        _here(
            "runner_rules",
            "refresh_needs_an_environment_and_a_word_it_knows",
            "a_rule_with_another_field_does_not_match",
        ),
    ),
    Statement(
        "8.4",
        "a first deployment without a matching rule fails the same way",
        _here("runner_rules", "a_first_deployment_without_a_matching_rule_fails"),
    ),
    Statement(
        "8.5",
        "rules go with their runner, environment type, and on request project",
        _here(
            "runner_rules",
            "cascades_take_only_the_rules_that_name_what_is_deleted",
            "a_blocked_environment_type_keeps_its_rules",
        ),
    ),
)

_AGENTS = (
    Statement("9.1", "process and settings of an agent", reason="happens in the cluster"),
    Statement(
        "9.2",
        "the published token passes, under both schemes",
        _beside(
            "runner_tokens",
            "the_published_token_of_the_first_generation_passes",
            "both_schemes_pass_and_the_log_names_the_agent",
        ),
    ),
    Statement(
        "9.2",
        "the current key decides at every poll; claims are not compared, an expiry is honoured",
        _beside(
            "runner_tokens",
            "a_new_key_counts_at_the_next_poll_and_the_old_one_no_more",
            "claims_are_not_compared_with_the_path",
            "times_count_when_they_are_there_without_any_skew",
        ),
    ),
    Statement(
        "9.2",
        "no header; another scheme or shape",
        _beside(
            "runner_tokens",
            "without_a_header_the_agent_hears_that_it_is_missing",
            "another_scheme_or_shape_is_an_invalid_header",
        ),
    ),
    Statement(
        "9.2",
        "bad signatures and other algorithms",
        _beside(
            "runner_tokens",
            "another_runners_key_does_not_open_the_door",
            "a_changed_claim_breaks_the_signature",
            "unsigned_tokens_are_refused",
            "the_public_key_is_no_shared_secret",
        ),
    ),
    Statement(
        "9.2",
        "unknown runners and runners of another type",
        _beside(
            "runner_tokens",
            "an_unknown_runner_is_a_401_that_says_so",
            "a_runner_of_another_type_does_not_poll",
        ),
    ),
    Statement(
        "9.3",
        "a poll brings a message, or nothing after thirty seconds",
        _beside(
            "polling",
            "a_poll_waits_thirty_seconds_of_the_emulators_clock",
            "a_queued_job_waits_for_the_next_poll",
        ),
    ),
    Statement("9.3", "404 for an unknown runner", reason="9.2 answers 401 first"),
    Statement(
        "9.3",
        "the two messages and their fields",
        _beside(
            "polling",
            "messages_of_another_form_are_refused",
            "the_agent_is_asked_whether_a_job_runs",
        ),
    ),
    Statement(
        "9.3",
        "a message goes to every waiting replica and is held in memory only",
        _beside(
            "polling",
            "a_pushed_message_reaches_every_waiting_replica",
            "a_message_pushed_while_nobody_waits_is_lost",
        ),
    ),
    Statement(
        "9.3",
        "a deployment without an agent fails after two minutes",
        _beside("polling", "a_job_that_no_agent_fetches_fails_after_two_minutes"),
    ),
    Statement(
        "9.4",
        "bundle and results, by the deployment's token",
        _beside(
            "polling",
            "a_bundle_is_the_archive_that_was_queued",
            "results_are_taken_once_and_shown",
            "results_of_another_form_are_refused",
            "job_calls_need_the_deployments_own_token",
            "job_calls_ask_for_no_user",
        ),
    ),
    Statement(
        "9.4",
        "the token is a digest of organization and deployment",
        _beside("polling", "the_token_is_a_digest_that_depends_on_organization_and_deployment"),
    ),
    Statement("9.4", "logs", reason="go to an object store"),
    Statement(
        "9.5",
        "the published token of the runner gateway",
        _beside("runner_tokens", "the_published_token_of_the_gateway_passes_until_it_expires"),
    ),
    Statement("9.5", "the calls of the runner gateway", reason="no description of them is public"),
    Statement(
        "9.6",
        "one key, changed at once",
        _beside("runner_tokens", "a_new_key_counts_at_the_next_poll_and_the_old_one_no_more"),
    ),
    Statement(
        "9.7", "the job", _beside("polling", "the_job_is_the_documented_one_with_the_pod_template_laid_over")
    ),
)

_ROW = "a row of the table of validation rules"
_VALIDATION = (
    Statement("15", f"{_ROW}: 1, ids of runners", _here("runners", "an_id_outside_the_pattern_is_refused")),
    Statement("15", f"{_ROW}: 3, description null", _beside("runners", "null_is_refused_in_a_patch")),
    Statement("15", f"{_ROW}: 5, type changed", _beside("runners", "the_type_cannot_change")),
    Statement(
        "15",
        f"{_ROW}: 6, unknown fields",
        _here("errors", "an_unknown_field_anywhere_in_a_configuration_names_the_type"),
    ),
    Statement(
        "15", f"{_ROW}: 8, storage against type", _here("runner_types", "ecs_keeps_its_state_in_s3_only")
    ),
    Statement(
        "15",
        f"{_ROW}: 10 and 11, public and private keys",
        _here("runner_types", "a_key_stands_alone_on_one_line_between_its_frame"),
    ),
    Statement("15", f"{_ROW}: 14, pod templates", _beside("runner_validation", "pod_templates_are_checked")),
    Statement(
        "15",
        f"{_ROW}: 21, unique pairs",
        _beside("runner_rules", "the_pair_is_unique_and_the_holder_is_named"),
    ),
    Statement("15", f"{_ROW}: 22, references", _beside("runner_rules", "missing_references_are_conflicts")),
    Statement("15", f"{_ROW}: 24, cascade", _beside("runners", "deleting_a_runner_deletes_its_rules")),
    Statement(
        "15",
        f"{_ROW}: 25, environments block",
        _beside("runners", "environments_block_the_deletion_and_at_most_ten_are_named"),
    ),
    Statement(
        "15",
        f"{_ROW}: 2, 4, 7, 9, 12, 13, 15 to 20, 23, 26, 27",
        _here("runner_types", "what_the_server_does_not_catch_reads_back_in_clear_text"),
        reason="the server takes these, clients should not",
    ),
    Statement(
        "15",
        "a final newline, digits of other scripts and long bad ids are refused, and quickly",
        (
            *_here("runners", "an_id_outside_the_pattern_is_refused"),
            *_here("objects", "an_id_is_a_slug"),
            *_here("runner_types", "a_value_outside_its_pattern_answers_with_the_text_of_the_pattern"),
            *_beside("regexes", "hostile_text_is_decided_quickly"),
        ),
    ),
    Statement(
        "15",
        "lengths count characters",
        _here("objects", "a_display_name_has_two_to_sixty_characters_and_plain_spaces_inside"),
    ),
)

_OBJECTS = (
    Statement(
        "16",
        "ids of most kinds are slugs",
        _here("objects", "an_id_is_a_slug", "a_slug_has_two_characters_and_no_longest_length"),
    ),
    Statement(
        "16",
        "the five verbs of environment types, projects and environments",
        _here(
            "objects",
            "an_environment_type_reads_back_with_a_default_name",
            "a_project_reads_back_active_with_a_default_name",
            "an_environment_reads_back_with_its_project_and_without_runner",
            "an_id_is_taken_once",
            "an_update_takes_a_display_name_and_nothing_else",
            "an_unknown_object_is_not_found",
            "a_second_life_has_another_uuid",
            "nothing_is_created_in_an_unknown_organization",
        ),
    ),
    Statement(
        "16",
        "display names",
        _here(
            "objects",
            "a_display_name_has_two_to_sixty_characters_and_plain_spaces_inside",
            "a_name_of_an_environment_type_has_at_most_sixty_characters",
        ),
    ),
    Statement(
        "16",
        "environment types: guard, and rules that go along",
        (
            *_here("objects", "an_environment_type_in_use_names_one_environment"),
            *_here("runner_rules", "cascades_take_only_the_rules_that_name_what_is_deleted"),
        ),
    ),
    Statement(
        "16",
        "projects: guard, and rules that go along on request",
        (
            *_here("objects", "a_project_with_environments_is_not_deleted"),
            *_here("modules", "a_project_that_rules_name_needs_leave_to_take_them_along"),
        ),
    ),
    Statement("16", "an update of an unknown project may be a 500", reason="a fault; 404 here"),
    Statement(
        "16",
        "environments: type and project exist, the type is immutable",
        _here(
            "objects",
            "an_environment_needs_a_project_and_a_type_that_exist",
            "the_type_of_an_environment_is_required_and_a_slug",
            "an_update_takes_a_display_name_and_nothing_else",
        ),
    ),
    Statement(
        "16",
        "environments: 202 and polling, or 204; forced; refused while deleting",
        _here(
            "objects",
            "deleting_a_deployed_environment_is_accepted_and_polled_until_gone",
            "force_drops_an_environment_without_destroying",
            "an_environment_with_nothing_to_destroy_goes_at_once",
            "a_truth_value_is_a_word_the_server_knows",
        ),
    ),
    Statement("16", "environments: a failed deletion", reason="nothing is deployed, so nothing fails to go"),
    Statement(
        "16",
        "environments: rules that go along on request",
        _here(
            "modules",
            "an_environment_that_rules_name_needs_leave_to_take_them_along",
            "rules_made_for_an_environment_on_its_way_out_go_with_it",
        ),
    ),
    Statement(
        "16",
        "environments: the filter may repeat",
        _here("objects", "the_filter_by_environment_type_may_repeat"),
    ),
    Statement(
        "16",
        "module providers: two identifiers, source immutable, version constraint, size of the configuration",
        (
            *_here(
                "modules",
                "a_provider_is_known_by_type_and_id_and_has_no_other_identity",
                "what_makes_a_provider_is_immutable",
            ),
            *_beside(
                "module_providers",
                "version_constraints_that_pass",
                "version_constraints_that_do_not",
                "broken_bodies_are_named",
                "configurations_are_bounded",
            ),
        ),
    ),
    Statement(
        "16",
        "module providers: guard and filter",
        _beside(
            "module_providers",
            "a_provider_that_any_version_of_a_module_uses_stays",
            "lists_are_summaries_filtered_by_type_and_ordered",
        ),
    ),
    Statement(
        "16",
        "modules: sources and code",
        _beside(
            "modules", "sources_that_pass", "sources_that_do_not", "bodies_that_break_a_rule_are_refused"
        ),
    ),
    Statement(
        "16",
        "modules: immutable type, six types of parameters, twenty entries of each kind",
        _here(
            "modules",
            "what_makes_a_module_is_immutable",
            "a_parameter_has_one_of_six_types",
            "a_module_has_at_most_twenty_entries_of_each_kind",
        ),
    ),
    Statement(
        "16",
        "modules: a version for each update",
        _beside(
            "modules",
            "an_update_replaces_what_it_names_and_makes_a_version",
            "an_empty_update_makes_a_version_too",
            "versions_are_listed_newest_first_in_pages_and_read_whole",
        ),
    ),
    Statement(
        "16",
        "modules: guards, missing references, filter",
        _beside(
            "modules",
            "a_module_that_projects_use_stays",
            "missing_types_and_providers_are_conflicts",
            "lists_are_summaries_ordered_by_id_and_filtered_by_type",
        ),
    ),
    Statement(
        "16",
        "module rules: default class, exclusions, 409 on an equal rule, unknown module 400, no update",
        _beside(
            "module_rules",
            "unset_fields_are_absent_and_the_class_has_a_default",
            "rules_that_make_no_sense_are_a_400",
            "equal_rules_conflict_whatever_module_of_the_type_they_name",
            "rules_are_deleted_by_uuid_and_never_updated",
        ),
    ),
    Statement(
        "16",
        "module rules: unset fields are absent, unlike those of runner rules",
        _here("modules", "unset_fields_of_a_module_rule_are_absent_where_those_of_a_runner_rule_are_empty"),
    ),
    Statement(
        "16",
        "resource types: default, reserved id, built-in in lists only, guard",
        _beside(
            "v2_resource_types",
            "a_resource_type_reads_back_with_its_default_written_in",
            "the_reserved_id_is_a_400",
            "the_list_has_the_built_in_type_that_cannot_be_read_alone",
            "a_type_that_modules_provide_stays",
        ),
    ),
    Statement("16", "modules and types from release 3 on", reason="no description of them is public"),
    Statement(
        "16",
        "the order of creation and its reverse",
        (
            *_here("objects", "an_organization_is_built_in_one_order_and_taken_down_in_the_other"),
            *_here("modules", "a_whole_catalogue_is_taken_down_in_the_reverse_order"),
        ),
    ),
)

_NOTES = (
    Statement(
        "17",
        "quirks at the API",
        (
            *_here(
                "errors", "a_wrong_method_is_not_found", "a_problem_beside_a_credential_echoes_the_credential"
            ),
            *_here("lists", "the_filter_by_runner_type_has_no_effect"),
            *_here("runner_rules", "refresh_chooses_again_and_says_updated_without_a_change"),
        ),
    ),
    Statement("17", "quirks of agents, charts, jobs and providers", reason="happen in clients and clusters"),
    Statement("17", "page tokens are not encrypted", reason="opaque to clients"),
    Statement(
        "18",
        "a private way to say that an environment was deployed",
        _beside("control", "a_first_deployment_is_done_over_http"),
    ),
    Statement(
        "18",
        "errors, slow answers and dropped connections can be injected",
        _beside(
            "faults",
            "a_server_error_may_come_before_or_after_the_effect",
            "a_cut_connection_is_a_protocol_error_at_both_doors",
            "a_slow_answer_times_out_after_its_effect",
        ),
    ),
)

STATEMENTS = (
    *_TRANSPORT,
    *_ERRORS,
    *_LISTS,
    *_RUNNERS,
    *_TYPES,
    *_RULES,
    *_AGENTS,
    *_VALIDATION,
    *_OBJECTS,
    *_NOTES,
)
