"""Statements about runners, their rules and their agents: sections 5 to 9."""

from tests.emulator.statements.v2.statement import Statement, beside, here

RUNNERS = (
    Statement(
        "5.1",
        "create, read, list, update, delete with their statuses",
        (
            *beside("runners", "a_runner_is_answered_with_201_and_read_back_as_sent"),
            *here(
                "runners",
                "a_patch_or_deletion_of_an_unknown_runner_is_not_found",
                "deleting_a_runner_forgets_its_credentials",
            ),
        ),
    ),
    Statement(
        "5.1",
        "the internal read is not reachable from outside",
        here("transport", "paths_that_no_gateway_rule_knows_are_not_found"),
    ),
    Statement(
        "5.1",
        "no PUT, no ETag, no idempotency key; the last write wins",
        (
            *here("errors", "a_wrong_method_is_not_found"),
            *here("runners", "there_is_no_optimistic_locking_and_the_last_write_wins"),
        ),
    ),
    Statement(
        "5.2",
        "ids: pattern, at least two characters, no maximum, immutable",
        (
            *here(
                "runners",
                "an_id_has_at_least_two_characters_and_no_longest_length",
                "an_id_outside_the_pattern_is_refused",
            ),
            *beside("runner_validation", "unknown_members_are_refused_at_every_depth_of_the_configuration"),
        ),
    ),
    Statement(
        "5.2",
        "descriptions: no maximum, may be empty, never null, never removed",
        here(
            "runners",
            "a_description_has_no_longest_length_and_may_be_empty",
            "a_description_once_set_is_kept_emptied_but_never_removed",
        ),
    ),
    Statement(
        "5.2",
        "fields that the server sets are no input",
        here("runners", "the_organization_in_the_body_is_an_unknown_field"),
    ),
    Statement(
        "5.2",
        "times are UTC up to microseconds, every successful PATCH moves one",
        (
            *here("runners", "times_are_utc_to_the_microsecond_and_only_a_success_moves_them"),
            *beside("runners", "an_empty_patch_only_moves_updated_at"),
        ),
    ),
    Statement("5.2", "the Terraform provider is stricter", reason="happens in the client"),
    Statement(
        "5.3",
        "a taken id is a 409 of one text",
        (
            *beside("runners", "a_create_that_conflicts_still_writes_the_credential"),
            *here("runners", "an_id_is_free_again_in_another_organization_and_after_deletion"),
        ),
    ),
    Statement(
        "5.3",
        "an unknown organization is a 409",
        beside("runners", "an_unknown_organization_lists_nothing_and_takes_nothing"),
    ),
    Statement(
        "5.3", "storage that does not suit the type", here("runner_types", "ecs_keeps_its_state_in_s3_only")
    ),
    Statement(
        "5.3",
        "a configuration that is not of its type",
        here("errors", "an_unknown_field_anywhere_in_a_configuration_names_the_type"),
    ),
    Statement(
        "5.4",
        "a description is stored when present and kept when absent",
        here("runners", "a_description_once_set_is_kept_emptied_but_never_removed"),
    ),
    Statement(
        "5.4",
        "a configuration names its type, which is the stored one",
        (
            *here("runners", "a_patch_of_the_configuration_needs_its_type"),
            *beside("runners", "the_type_cannot_change"),
        ),
    ),
    Statement(
        "5.4",
        "parts of a configuration replace whole ones, absent ones stay",
        (
            *beside(
                "runners",
                "a_part_that_is_present_replaces_the_whole_stored_part",
                "the_key_alone_can_be_replaced",
            ),
            *here(
                "runners",
                "a_patched_cluster_replaces_all_credentials",
                "a_patched_auth_of_ecs_replaces_the_whole_one",
            ),
        ),
    ),
    Statement("5.4", "a job is complete", here("runners", "a_patched_job_must_be_complete")),
    Statement(
        "5.4",
        "a pod template left out is removed, an empty one kept, null refused",
        here("runners", "a_pod_template_is_removed_by_leaving_it_out_kept_when_empty_and_never_null"),
    ),
    Statement(
        "5.4",
        "storage is replaced whole",
        beside("runners", "storage_is_replaced_whole_and_keeps_unknown_members"),
    ),
    Statement(
        "5.4", "an empty PATCH moves the time", beside("runners", "an_empty_patch_only_moves_updated_at")
    ),
    Statement("5.4", "null is refused", beside("runners", "null_is_refused_in_a_patch")),
    Statement(
        "5.4",
        "the result is checked like a creation",
        here("runners", "a_patch_is_checked_like_a_creation", "patched_storage_must_suit_the_type"),
    ),
    Statement("5.4", "two concurrent PATCHes can lose one", reason="requests run one at a time here"),
    Statement(
        "5.5",
        "environments block the deletion, at most ten are named",
        beside("runners", "environments_block_the_deletion_and_at_most_ten_are_named"),
    ),
    Statement("5.5", "the same found by the database", reason="a race between two requests"),
    Statement("5.5", "rules go with their runner", beside("runners", "deleting_a_runner_deletes_its_rules")),
    Statement(
        "5.5",
        "an environment stays bound until it is moved or deleted",
        here("runners", "a_runner_stays_bound_until_its_environment_is_moved_or_deleted"),
    ),
    Statement(
        "5.5", "credentials go with the runner", here("runners", "deleting_a_runner_forgets_its_credentials")
    ),
    Statement(
        "5.5",
        "the agent of a deleted runner gets 401",
        beside("runner_tokens", "a_deleted_runners_agent_is_locked_out"),
    ),
    Statement(
        "5.6",
        "credentials read back as a placeholder for each field that is set",
        beside("runners", "credentials_read_back_as_a_placeholder_for_each_field_set"),
    ),
    Statement(
        "5.6",
        "a placeholder sent back is stored",
        beside("runners", "a_placeholder_sent_back_is_stored_as_the_credential"),
    ),
    Statement(
        "5.6",
        "a patched cluster replaces all credentials, another part none",
        here(
            "runners",
            "a_patched_cluster_replaces_all_credentials",
            "a_patch_without_cluster_leaves_the_credentials",
        ),
    ),
    Statement(
        "5.6",
        "a creation that conflicts writes the credential all the same",
        beside("runners", "a_create_that_conflicts_still_writes_the_credential"),
    ),
    Statement(
        "5.6", "a key is returned exactly as sent", here("runners", "a_key_is_returned_exactly_as_sent")
    ),
    Statement(
        "5.7",
        "a default is written into a GKE cluster",
        (
            *beside("runners", "gke_gets_its_default_written_into_the_body"),
            *here("runners", "a_default_is_written_for_a_patched_cluster_too"),
        ),
    ),
    Statement(
        "5.7",
        "empty members of an ECS job are dropped",
        here("runners", "empty_members_of_an_ecs_job_are_dropped_and_full_ones_kept"),
    ),
    Statement(
        "5.7",
        "an empty pod template is kept, a full one is equal as a value",
        (
            *here("runners", "values_inside_a_pod_template_read_back_equal"),
            *beside("runner_validation", "a_real_pod_template_passes_and_an_empty_one_is_kept"),
        ),
    ),
)

TYPES = (
    Statement(
        "6.1", "a job's names may be empty", here("runner_types", "a_server_takes_empty_names_in_a_job")
    ),
    Statement(
        "6.1 to 6.6",
        "every required part is missed by its place",
        here("runner_types", "every_required_part_is_missed_by_its_place", "an_agent_needs_key_and_job"),
    ),
    Statement("6.1 to 6.6", "optional parts are kept", here("runner_types", "optional_parts_are_kept")),
    Statement("6.2", "an agent has no cluster", here("runner_types", "an_agent_has_no_cluster")),
    Statement(
        "6.2",
        "a key: one line in a frame, LF, at most one newline at the end",
        (
            *here("runner_types", "a_key_stands_alone_on_one_line_between_its_frame"),
            *beside("runner_validation", "a_key_outside_the_pattern_gets_only_the_patterns_text"),
        ),
    ),
    Statement(
        "6.2",
        "a key that fits the pattern is parsed, with three ways to fail",
        (
            *beside("runner_validation", "keys_that_match_the_pattern_are_parsed"),
            *here("runner_types", "a_key_of_another_kind_is_named_after_the_pattern"),
        ),
    ),
    Statement(
        "6.2", "RSA keys fail before that", here("runner_types", "an_rsa_key_fails_before_it_is_parsed")
    ),
    Statement("6.2", "two runners may share a key", here("runner_types", "two_runners_may_share_a_key")),
    Statement(
        "6.3", "credentials may be empty", here("runner_types", "a_cluster_may_come_without_credentials")
    ),
    Statement(
        "6.5, 6.6",
        "patterns of roles, regions, images and secrets",
        here("runner_types", "a_value_outside_its_pattern_answers_with_the_text_of_the_pattern"),
    ),
    Statement(
        "6.5, 6.6",
        "lengths and numbers of items",
        here(
            "runner_types",
            "a_value_beyond_its_limits_is_told_by_place",
            "a_value_inside_a_collection_is_told_by_its_place",
        ),
    ),
    Statement("6.5", "defaults at run time are not stored", here("runner_types", "optional_parts_are_kept")),
    Statement(
        "6.6",
        "reserved and sensitive variables of an ECS job",
        here(
            "runner_types",
            "reserved_variables_of_an_ecs_job_are_refused",
            "the_git_keys_of_an_ecs_job_must_be_a_secret",
        ),
    ),
    Statement(
        "6.6", "ECS keeps its state in S3 only", here("runner_types", "ecs_keeps_its_state_in_s3_only")
    ),
    Statement(
        "6.7",
        "a pod template converts strictly",
        (
            *here("runner_types", "a_pod_template_converts_strictly"),
            *beside("runner_validation", "types_inside_a_pod_template_are_exact"),
        ),
    ),
    Statement(
        "6.7",
        "no namespace, no service account, names for containers",
        beside("runner_validation", "pod_templates_are_checked"),
    ),
    Statement(
        "6.7",
        "reserved and sensitive variables of the runner's containers",
        here(
            "runner_types",
            "reserved_variables_of_the_runner_containers_are_refused",
            "git_keys_of_a_runner_container_come_from_elsewhere",
        ),
    ),
    Statement(
        "6.7",
        "the old alias of the service account and other secrets in plain text pass, and read back",
        here("runner_types", "what_the_server_does_not_catch_reads_back_in_clear_text"),
    ),
    Statement(
        "6.7", "which release of Kubernetes the server knows", reason="not published; the emulator has one"
    ),
    Statement(
        "7.1",
        "required fields and patterns of the storages",
        here(
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
        here("runner_types", "kubernetes_types_keep_their_state_anywhere"),
    ),
    Statement("7.3", "what a deployment makes of storage", reason="nothing is deployed here"),
)

RULES = (
    Statement(
        "8.1",
        "create, read, list, delete, and no update",
        here(
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
            *here("errors", "a_rule_id_that_is_no_uuid_is_a_bad_request", "what_is_not_there_is_named"),
            *beside("runner_rules", "rules_are_addressed_by_uuid_and_cannot_be_changed"),
        ),
    ),
    Statement("8.2", "ids are UUIDs of the server", here("runner_rules", "ids_of_rules_are_random_uuids")),
    Statement("8.2", "a rule needs its runner", here("runner_rules", "a_rule_needs_its_runner")),
    Statement(
        "8.2",
        "absent and empty mean any, and read back empty; null is refused",
        (
            *here(
                "runner_rules",
                "an_empty_text_means_any_just_as_an_absent_field",
                "a_field_of_a_rule_is_text",
            ),
            *beside("runner_rules", "unset_fields_read_back_as_empty_text", "null_is_refused"),
        ),
    ),
    Statement(
        "8.2",
        "what the server sets is no input, and there is no priority",
        here("runner_rules", "what_the_server_sets_or_does_not_know_is_refused"),
    ),
    Statement(
        "8.2",
        "the pair is unique in its organization",
        beside("runner_rules", "the_pair_is_unique_and_the_holder_is_named"),
    ),
    Statement(
        "8.2",
        "missing runner, environment type, project",
        beside("runner_rules", "missing_references_are_conflicts"),
    ),
    Statement(
        "8.2",
        "one filter is exact, two mean to take part in the choice",
        (
            *beside("runner_rules", "filters_mean_takes_part_in_the_choice"),
            *here("runner_rules", "filters_add_up"),
        ),
    ),
    Statement(
        "8.3",
        "a rule matches when each set field does",
        here("runner_rules", "a_rule_with_another_field_does_not_match"),
    ),
    Statement(
        "8.3",
        "the most specific rule wins",
        here("runner_rules", "the_most_specific_of_the_matching_rules_wins"),
    ),
    Statement(
        "8.4",
        "the first deployment binds, and rules do not matter afterwards",
        (
            *here(
                "runner_rules",
                "an_environment_has_no_runner_until_its_first_deployment",
                "rules_do_not_matter_to_an_environment_that_was_deployed",
            ),
            *beside("runner_rules", "the_most_specific_rule_chooses_at_the_first_deployment_only"),
        ),
    ),
    Statement(
        "8.4",
        "refresh: dry run, done, done without a change",
        here(
            "runner_rules",
            "refresh_binds_even_before_the_first_deployment",
            "refresh_chooses_again_and_says_updated_without_a_change",
        ),
    ),
    Statement(
        "8.4",
        "refresh: no environment, no matching rule",
        here(
            "runner_rules",
            "refresh_needs_an_environment_and_a_word_it_knows",
            "a_rule_with_another_field_does_not_match",
        ),
    ),
    Statement(
        "8.4",
        "a first deployment without a matching rule fails the same way",
        here("runner_rules", "a_first_deployment_without_a_matching_rule_fails"),
    ),
    Statement(
        "8.5",
        "rules go with their runner, environment type, and on request project",
        here(
            "runner_rules",
            "cascades_take_only_the_rules_that_name_what_is_deleted",
            "a_blocked_environment_type_keeps_its_rules",
        ),
    ),
)

AGENTS = (
    Statement("9.1", "process and settings of an agent", reason="happens in the cluster"),
    Statement(
        "9.2",
        "the published token passes, under both schemes",
        beside(
            "runner_tokens",
            "the_published_token_of_the_first_generation_passes",
            "both_schemes_pass_and_the_log_names_the_agent",
        ),
    ),
    Statement(
        "9.2",
        "the current key decides at every poll; claims are not compared, an expiry is honoured",
        beside(
            "runner_tokens",
            "a_new_key_counts_at_the_next_poll_and_the_old_one_no_more",
            "claims_are_not_compared_with_the_path",
            "times_count_when_they_are_there_without_any_skew",
        ),
    ),
    Statement(
        "9.2",
        "no header; another scheme or shape",
        beside(
            "runner_tokens",
            "without_a_header_the_agent_hears_that_it_is_missing",
            "another_scheme_or_shape_is_an_invalid_header",
        ),
    ),
    Statement(
        "9.2",
        "bad signatures and other algorithms",
        beside(
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
        beside(
            "runner_tokens",
            "an_unknown_runner_is_a_401_that_says_so",
            "a_runner_of_another_type_does_not_poll",
        ),
    ),
    Statement(
        "9.3",
        "a poll brings a message, or nothing after thirty seconds",
        beside(
            "polling",
            "a_poll_waits_thirty_seconds_of_the_emulators_clock",
            "a_queued_job_waits_for_the_next_poll",
        ),
    ),
    Statement("9.3", "404 for an unknown runner", reason="9.2 answers 401 first"),
    Statement(
        "9.3",
        "the two messages and their fields",
        beside(
            "polling",
            "messages_of_another_form_are_refused",
            "the_agent_is_asked_whether_a_job_runs",
        ),
    ),
    Statement(
        "9.3",
        "a message goes to every waiting replica and is held in memory only",
        beside(
            "polling",
            "a_pushed_message_reaches_every_waiting_replica",
            "a_message_pushed_while_nobody_waits_is_lost",
        ),
    ),
    Statement(
        "9.3",
        "a deployment without an agent fails after two minutes",
        beside("polling", "a_job_that_no_agent_fetches_fails_after_two_minutes"),
    ),
    Statement(
        "9.4",
        "bundle and results, by the deployment's token",
        beside(
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
        beside("polling", "the_token_is_a_digest_that_depends_on_organization_and_deployment"),
    ),
    Statement("9.4", "logs", reason="go to an object store"),
    Statement(
        "9.5",
        "the published token of the runner gateway",
        beside("runner_tokens", "the_published_token_of_the_gateway_passes_until_it_expires"),
    ),
    Statement("9.5", "the calls of the runner gateway", reason="no description of them is public"),
    Statement(
        "9.6",
        "one key, changed at once",
        beside("runner_tokens", "a_new_key_counts_at_the_next_poll_and_the_old_one_no_more"),
    ),
    Statement(
        "9.7", "the job", beside("polling", "the_job_is_the_documented_one_with_the_pod_template_laid_over")
    ),
)
