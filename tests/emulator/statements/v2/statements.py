"""Every statement of the v2 reference that a client could see, and the tests that show it.

In the format of `table`. Sections 1, 10 to 14 and 19 are about names, clusters, clouds,
command lines and open points.
"""

from tests.emulator.statements.table import parsed

TABLE = """
2.1   A missing content type counts as JSON, another one is a 400
      transport::a_body_without_content_type_counts_as_json
      transport::another_content_type_is_a_bad_request
2.1   `From` with a UUID is accepted on loopback
      transport::a_sender_on_loopback_is_identified_by_its_uuid
      /identity::v2_accepts_a_sender_on_loopback_and_v1_does_not
2.1   A bearer token comes out of a table of its own
      /identity::a_table_of_tokens_makes_identity_come_first_and_names_the_caller
      transport::a_token_is_looked_up_before_a_sender
2.1   The deprecated organization header is not implemented
      transport::the_deprecated_organization_header_has_no_effect
2.1   What clients send without a token, their time limits
      not: happens in the client
2.1   Service users and their tokens
      not: another service (IAM), in neither description
2.2   Route first: unknown paths and methods are reported before identity
      transport::an_unknown_path_is_reported_before_identity_is_checked
2.2   Then the schema, then strict decoding
      transport::the_schema_is_checked_before_unknown_fields
2.2   Then identity
      transport::a_backend_checks_the_body_before_the_identity
      /identity::v2_validates_before_it_checks_the_identity
2.2   Then permission, so an invalid body is reported even to a caller without rights
      permissions::an_invalid_body_is_reported_even_to_a_caller_without_rights
      permissions::permission_comes_before_the_object
2.2   Then the operation itself
      transport::rules_beyond_the_schema_are_checked_after_identity
      transport::references_are_looked_up_last
2.2   At the gateway the token is checked before all of this
      transport::the_gateway_checks_the_token_before_everything_else
      transport::the_gateway_reports_unknown_paths_and_methods_only_to_known_callers
2.2   Time limits of handlers
      not: no operation of the emulator takes that long
2.3   Reading and writing are permissions of their own, by kind, scoped to the organization
      permissions::a_write_without_permission_names_the_check_that_failed
      permissions::kinds_of_the_catalogue_have_permissions_of_their_own
      permissions::creating_an_organization_is_a_write_outside_any_organization
      permissions::reading_is_allowed_to_those_who_may_read
      permissions::a_refused_write_changes_nothing_and_is_logged
      permissions::another_token_of_the_same_table_may_write
      permissions::a_sender_without_token_may_be_one_who_only_reads
2.3   The first API refuses with the same status (v1 1.1)
      permissions::the_first_api_refuses_writes_the_same_way
2.4   The list of all environments of an organization and internal paths are not routed
      transport::paths_that_no_gateway_rule_knows_are_not_found
2.4   Organizations are created by an administrator, ids have two to fifty characters
      transport::an_organization_is_created_by_an_id_of_two_to_fifty_characters
      /runners::an_organization_can_be_created
2.4   Two health probes without identity
      transport::health_probes_need_no_identity
      /runners::health_needs_no_identity
3.1   Errors are JSON with a code derived from the status, and a message
      errors::every_error_has_a_code_and_a_message_in_json
3.1   A NUL character has a code of its own
      errors::a_nul_character_in_a_body_has_a_code_of_its_own
      /runner_validation::a_nul_character_has_its_own_code
3.1   401 of a backend: without `From`, and with one that is no UUID
      /identity::no_token_is_refused_by_both_apis
      transport::a_sender_that_is_not_a_uuid_is_unauthorized
3.1   401 of the gateway with its challenge
      transport::the_gateway_checks_the_token_before_everything_else
3.1   403 with the failed check
      permissions::a_write_without_permission_names_the_check_that_failed
3.1   404 for unknown objects, unknown paths and trailing slashes
      errors::what_does_not_exist_is_named
      /runners::wrong_methods_and_trailing_slashes_are_404
3.1   404 for a wrong method, never 405
      errors::a_wrong_method_is_not_found
      errors::no_operation_takes_head
3.1   Anything not foreseen is a 500 of one text
      errors::unforeseen_errors_have_one_message
3.1   Codes in words
      not: belong to later servers
3.2   Only the first problem is reported
      errors::validation_stops_at_the_first_problem
3.2a  Problems at the top level are one line that names the schema
      /runner_validation::problems_at_the_top_level_are_one_line
      /runner_validation::a_missing_member_is_named
      errors::a_body_that_is_not_an_object_does_not_match_the_schema
3.2a  A discriminator that is missing, unknown or no text
      errors::an_invalid_discriminator_is_reported_on_one_line_that_names_the_schema
3.2b  A pattern with its own message answers with that message only
      errors::a_pattern_with_its_own_message_answers_with_that_message_only
      runner_types::a_value_outside_its_pattern_is_answered_with_the_message_of_the_pattern
      /runner_validation::storage_patterns_answer_with_their_own_message
3.2b  Other problems inside quote place, schema and the enclosing value, credentials included
      errors::a_problem_inside_quotes_place_schema_and_the_enclosing_value
      errors::a_problem_next_to_a_credential_echoes_the_credential
      /runner_validation::problems_inside_a_configuration_echo_schema_and_submitted_value
3.2b  Joined messages of several variants
      not: a discriminator leaves one variant
3.2c  An unknown field at the top level
      /runner_validation::unknown_members_are_refused_at_every_depth_of_the_configuration
3.2c  A wrong JSON type that only decoding finds
      not: the emulator's schemas name the type of every member
3.2c  An unknown field at any depth of a configuration outside pod templates names the type
      errors::an_unknown_field_anywhere_in_a_configuration_names_the_type
      errors::free_names_in_variables_are_not_unknown_fields
3.2c  Empty bodies and broken JSON
      /runner_validation::bodies_that_do_not_decode_say_so
3.2c  A bad integer in the query
      errors::a_page_size_that_is_not_an_integer_is_reported_with_its_value
3.2c  A rule id that is no UUID
      errors::a_rule_id_that_is_not_a_uuid_is_a_bad_request
3.2c  Unknown query parameters are ignored
      errors::unknown_query_parameters_are_ignored
3.2c  Unknown storage fields are accepted, stored and returned
      errors::unknown_storage_fields_are_accepted_stored_and_returned
4     A page has 100 items unless asked otherwise, at least one, and no upper limit
      lists::a_page_has_a_hundred_items_unless_requested_otherwise
      lists::a_size_below_one_counts_as_one
4     The last page carries no token
      lists::a_full_last_page_has_no_token
4     Lists are in order of ids
      lists::lists_are_ordered_by_id_and_read_page_by_page
      /modules::lists_are_summaries_ordered_by_id_and_filtered_by_type
      /runners::lists_are_summaries_in_order_of_ids_with_page_tokens
4     Rules are in order of runner and id
      /runner_rules::rules_are_paged_by_runner_and_id
4     A token marks a place and is no snapshot
      lists::a_token_marks_a_place_that_may_no_longer_exist
      lists::a_token_may_be_used_with_another_size
4     A malformed token probably ends in a 500
      lists::a_token_that_was_never_issued_is_an_unforeseen_error
4     The collation of the database
      not: not to be relied on, says the reference
4     A list of an unknown organization is empty
      lists::a_list_of_an_unknown_organization_is_empty
      modules::lists_of_an_unknown_organization_are_empty
4     Lists of runners are summaries
      lists::a_list_of_runners_shows_types_only
4     The filter by runner type has no effect
      lists::the_filter_by_runner_type_has_no_effect
5.1   Create, read, list, update, delete with their statuses
      /runners::a_runner_is_answered_with_201_and_read_back_as_sent
      runners::a_patch_or_deletion_of_an_unknown_runner_is_not_found
      runners::deleting_a_runner_forgets_its_credentials
5.1   The internal read is not reachable from outside
      transport::paths_that_no_gateway_rule_knows_are_not_found
5.1   No PUT, no ETag, no idempotency key; the last write wins
      errors::a_wrong_method_is_not_found
      runners::there_is_no_optimistic_locking_and_the_last_write_wins
5.2   Ids: pattern, at least two characters, no maximum, immutable
      runners::an_id_has_at_least_two_characters_and_no_longest_length
      runners::an_id_outside_the_pattern_is_refused
      /runner_validation::unknown_members_are_refused_at_every_depth_of_the_configuration
5.2   Descriptions: no maximum, may be empty, never null, never removed
      runners::a_description_has_no_longest_length_and_may_be_empty
      runners::a_description_once_set_is_kept_emptied_but_never_removed
5.2   Fields that the server sets are no input
      runners::the_organization_in_the_body_is_an_unknown_field
5.2   Times are UTC up to microseconds, every successful PATCH moves one
      runners::times_are_utc_to_the_microsecond_and_only_a_success_moves_them
      /runners::an_empty_patch_only_moves_updated_at
5.2   The Terraform provider is stricter
      not: happens in the client
5.3   A taken id is a 409 with one message
      /runners::a_create_that_conflicts_still_writes_the_credential
      runners::an_id_is_free_again_in_another_organization_and_after_deletion
5.3   An unknown organization is a 409
      /runners::an_unknown_organization_lists_nothing_and_accepts_nothing
5.3   Storage that does not suit the type
      runner_types::ecs_keeps_its_state_in_s3_only
5.3   A configuration that is not of its type
      errors::an_unknown_field_anywhere_in_a_configuration_names_the_type
5.4   A description is stored when present and kept when absent
      runners::a_description_once_set_is_kept_emptied_but_never_removed
5.4   A configuration names its type, which is the stored one
      runners::a_patch_of_the_configuration_needs_its_type
      /runners::the_type_cannot_change
5.4   Parts of a configuration replace whole ones, absent ones stay
      /runners::a_part_that_is_present_replaces_the_whole_stored_part
      /runners::the_key_alone_can_be_replaced
      runners::a_patched_cluster_replaces_all_credentials
      runners::a_patched_auth_of_ecs_replaces_the_whole_one
5.4   A job is complete
      runners::a_patched_job_must_be_complete
5.4   A pod template left out is removed, an empty one kept, null refused
      runners::a_pod_template_is_removed_by_leaving_it_out_kept_when_empty_and_never_null
5.4   Storage is replaced whole
      /runners::storage_is_replaced_as_a_whole_and_keeps_unknown_members
5.4   An empty PATCH moves the time
      /runners::an_empty_patch_only_moves_updated_at
5.4   Null is refused
      /runners::null_is_refused_in_a_patch
5.4   The result is checked like a creation
      runners::a_patch_is_checked_like_a_creation
      runners::patched_storage_must_suit_the_type
5.4   Two concurrent PATCHes can lose one
      not: requests run one at a time here
5.5   Environments block the deletion, at most ten are named
      /runners::environments_block_the_deletion_and_at_most_ten_are_named
5.5   The same found by the database
      not: a race between two requests
5.5   Rules are deleted with their runner
      /runners::deleting_a_runner_deletes_its_rules
5.5   An environment stays bound until it is moved or deleted
      runners::a_runner_stays_bound_until_its_environment_is_moved_or_deleted
5.5   Credentials are deleted with the runner
      runners::deleting_a_runner_forgets_its_credentials
5.5   The agent of a deleted runner gets 401
      /runner_tokens::a_deleted_runners_agent_is_locked_out
5.6   Credentials read back as a placeholder for each field that is set
      /runners::credentials_read_back_as_a_placeholder_for_each_field_set
5.6   A placeholder sent back is stored
      /runners::a_placeholder_sent_back_is_stored_as_the_credential
5.6   A patched cluster replaces all credentials, another part none
      runners::a_patched_cluster_replaces_all_credentials
      runners::a_patch_without_cluster_leaves_the_credentials
5.6   A creation that conflicts writes the credential all the same
      /runners::a_create_that_conflicts_still_writes_the_credential
5.6   A key is returned exactly as sent
      runners::a_key_is_returned_exactly_as_sent
5.7   A default is written into a GKE cluster
      /runners::gke_gets_its_default_written_into_the_body
      runners::a_default_is_written_for_a_patched_cluster_too
5.7   Empty members of an ECS job are dropped
      runners::empty_members_of_an_ecs_job_are_dropped_and_full_ones_kept
5.7   An empty pod template is kept, a full one is equal as a value
      runners::values_inside_a_pod_template_read_back_equal
      /runner_validation::a_real_pod_template_is_accepted_and_an_empty_one_is_kept
6.1   A job's names may be empty
      runner_types::the_server_accepts_empty_names_in_a_job
6.1-6 Every required part is missed by its place
      runner_types::every_missing_required_part_is_reported_by_its_place
      runner_types::an_agent_needs_key_and_job
6.1-6 Optional parts are kept
      runner_types::optional_parts_are_kept
6.2   An agent has no cluster
      runner_types::an_agent_has_no_cluster
6.2   A key: one line in a frame, LF, at most one newline at the end
      runner_types::a_key_is_one_line_between_its_header_and_footer
      /runner_validation::a_key_outside_the_pattern_gets_only_the_message_of_the_pattern
6.2   A key that fits the pattern is parsed, with three ways to fail
      /runner_validation::keys_that_match_the_pattern_are_parsed
      runner_types::a_key_of_another_kind_is_named_after_the_pattern
6.2   RSA keys fail before that
      runner_types::an_rsa_key_fails_before_it_is_parsed
6.2   Two runners may share a key
      runner_types::two_runners_may_share_a_key
6.3   Credentials may be empty
      runner_types::a_cluster_may_have_no_credentials
6.5-6 Patterns of roles, regions, images and secrets
      runner_types::a_value_outside_its_pattern_is_answered_with_the_message_of_the_pattern
6.5-6 Lengths and numbers of items
      runner_types::a_value_beyond_its_limits_is_reported_by_its_place
      runner_types::a_value_inside_a_collection_is_reported_by_its_place
6.5   Defaults at run time are not stored
      runner_types::optional_parts_are_kept
6.6   Reserved and sensitive variables of an ECS job
      runner_types::reserved_variables_of_an_ecs_job_are_refused
      runner_types::the_git_keys_of_an_ecs_job_must_be_a_secret
6.6   ECS keeps its state in S3 only
      runner_types::ecs_keeps_its_state_in_s3_only
6.7   A pod template converts strictly
      runner_types::a_pod_template_converts_strictly
      /runner_validation::types_inside_a_pod_template_are_exact
6.7   No namespace, no service account, names for containers
      /runner_validation::pod_templates_are_checked
6.7   Reserved and sensitive variables of the runner's containers
      runner_types::reserved_variables_of_the_runner_containers_are_refused
      runner_types::git_keys_of_a_runner_container_may_be_references
6.7   The old alias of the service account and other secrets in plain text pass, and read back
      runner_types::what_the_server_does_not_catch_reads_back_in_clear_text
6.7   Which release of Kubernetes the server knows
      not: not published; the emulator has one
7.1   Required fields and patterns of the storages
      runner_types::every_missing_required_field_of_a_storage_is_reported_by_its_place
      runner_types::a_bucket_has_two_characters_and_no_dots
      runner_types::a_prefix_has_no_leading_slash_and_no_empty_part
      runner_types::a_storage_within_its_rules_reads_back_as_sent
7.2   Kubernetes types accept every storage
      runner_types::kubernetes_types_keep_their_state_anywhere
7.3   What a deployment makes of storage
      not: nothing is deployed here
8.1   Create, read, list, delete, and no update
      runner_rules::a_rule_reads_back_with_all_its_fields
      runner_rules::a_rule_has_no_update
      runner_rules::a_pair_is_free_again_when_its_rule_is_deleted
8.1   A bad UUID is a 400, an unknown one a 404
      errors::a_rule_id_that_is_not_a_uuid_is_a_bad_request
      errors::what_does_not_exist_is_named
      /runner_rules::rules_are_addressed_by_uuid_and_cannot_be_changed
8.2   Ids are UUIDs of the server
      runner_rules::ids_of_rules_are_random_uuids
8.2   A rule needs its runner
      runner_rules::a_rule_needs_its_runner
8.2   Absent and empty mean any, and read back empty; null is refused
      runner_rules::an_empty_string_means_any_like_an_absent_field
      runner_rules::a_field_of_a_rule_is_a_string
      /runner_rules::unset_fields_read_back_as_empty_strings
      /runner_rules::null_is_refused
8.2   What the server sets is no input, and there is no priority
      runner_rules::what_the_server_sets_or_does_not_know_is_refused
8.2   The pair is unique in its organization
      /runner_rules::the_pair_is_unique_and_the_holder_is_named
8.2   Missing runner, environment type, project
      /runner_rules::missing_references_are_conflicts
8.2   One filter is exact, two mean to take part in the choice
      /runner_rules::filters_match_every_rule_that_takes_part_in_the_choice
      runner_rules::filters_are_combined
8.3   A rule matches when each set field does
      runner_rules::a_rule_with_another_field_does_not_match
8.3   The most specific rule wins
      runner_rules::the_most_specific_of_the_matching_rules_wins
8.4   The first deployment binds, and rules do not matter afterwards
      runner_rules::an_environment_has_no_runner_until_its_first_deployment
      runner_rules::rules_do_not_matter_to_an_environment_that_was_deployed
      /runner_rules::the_most_specific_rule_chooses_at_the_first_deployment_only
8.4   Refresh: dry run, done, done without a change
      runner_rules::refresh_binds_even_before_the_first_deployment
      runner_rules::refresh_chooses_again_and_says_updated_without_a_change
8.4   Refresh: no environment, no matching rule
      runner_rules::refresh_needs_an_environment_and_a_known_value
      runner_rules::a_rule_with_another_field_does_not_match
8.4   A first deployment without a matching rule fails the same way
      runner_rules::a_first_deployment_without_a_matching_rule_fails
8.5   Rules are deleted with their runner, environment type, and on request project
      runner_rules::cascades_delete_only_the_rules_that_name_what_is_deleted
      runner_rules::a_blocked_environment_type_keeps_its_rules
9.1   Process and settings of an agent
      not: happens in the cluster
9.2   The published token passes, under both schemes
      /runner_tokens::the_published_token_of_the_first_generation_is_accepted
      /runner_tokens::both_schemes_are_accepted_and_the_log_names_the_agent
9.2   The current key decides at every poll; claims are not compared, an expiry is honoured
      /runner_tokens::a_new_key_is_accepted_at_the_next_poll_and_the_old_one_refused
      /runner_tokens::claims_are_not_compared_with_the_path
      /runner_tokens::times_are_checked_if_present_and_without_any_skew
9.2   No header; another scheme or shape
      /runner_tokens::a_missing_header_is_reported_to_the_agent
      /runner_tokens::another_scheme_or_form_is_an_invalid_header
9.2   Bad signatures and other algorithms
      /runner_tokens::the_key_of_another_runner_is_refused
      /runner_tokens::a_changed_claim_breaks_the_signature
      /runner_tokens::unsigned_tokens_are_refused
      /runner_tokens::the_public_key_is_not_a_shared_secret
9.2   Unknown runners and runners of another type
      /runner_tokens::an_unknown_runner_is_a_401_that_says_so
      /runner_tokens::a_runner_of_another_type_does_not_poll
9.3   A poll brings a message, or nothing after thirty seconds
      /polling::a_poll_waits_thirty_seconds_of_the_emulators_clock
      /polling::a_queued_job_waits_for_the_next_poll
9.3   404 for an unknown runner
      not: 9.2 answers 401 first
9.3   The two messages and their fields
      /polling::messages_of_another_form_are_refused
      /polling::the_agent_is_asked_whether_a_job_runs
9.3   A message is sent to every waiting replica and kept in memory only
      /polling::a_pushed_message_reaches_every_waiting_replica
      /polling::a_message_pushed_while_nobody_waits_is_lost
9.3   A deployment without an agent fails after two minutes
      /polling::a_job_that_no_agent_fetches_fails_after_two_minutes
9.4   Bundle and results, by the deployment's token
      /polling::a_bundle_is_the_archive_that_was_queued
      /polling::results_are_accepted_once_and_shown
      /polling::results_of_another_form_are_refused
      /polling::job_calls_need_the_deployments_own_token
      /polling::job_calls_need_no_user
9.4   The token is a digest of organization and deployment
      /polling::the_token_is_a_digest_that_depends_on_organization_and_deployment
9.4   Logs
      not: go to an object store
9.5   The published token of the runner gateway
      /runner_tokens::the_published_token_of_the_gateway_is_accepted_until_it_expires
9.5   The calls of the runner gateway
      not: no description of them is public
9.6   One key, changed at once
      /runner_tokens::a_new_key_is_accepted_at_the_next_poll_and_the_old_one_refused
9.7   The job
      /polling::the_job_is_the_documented_one_with_the_pod_template_merged_in
15    Validation rule 1, ids of runners
      runners::an_id_outside_the_pattern_is_refused
15    Validation rule 3, description null
      /runners::null_is_refused_in_a_patch
15    Validation rule 5, type changed
      /runners::the_type_cannot_change
15    Validation rule 6, unknown fields
      errors::an_unknown_field_anywhere_in_a_configuration_names_the_type
15    Validation rule 8, storage against type
      runner_types::ecs_keeps_its_state_in_s3_only
15    Validation rule 10 and 11, public and private keys
      runner_types::a_key_is_one_line_between_its_header_and_footer
15    Validation rule 14, pod templates
      /runner_validation::pod_templates_are_checked
15    Validation rule 21, unique pairs
      /runner_rules::the_pair_is_unique_and_the_holder_is_named
15    Validation rule 22, references
      /runner_rules::missing_references_are_conflicts
15    Validation rule 24, cascade
      /runners::deleting_a_runner_deletes_its_rules
15    Validation rule 25, environments block
      /runners::environments_block_the_deletion_and_at_most_ten_are_named
15    Validation rules 2, 4, 7, 9, 12, 13, 15 to 20, 23, 26, 27 (accepted by the server; clients should not send them)
      runner_types::what_the_server_does_not_catch_reads_back_in_clear_text
15    A final newline, digits of other scripts and long bad ids are refused, and quickly
      runners::an_id_outside_the_pattern_is_refused
      objects::an_id_is_a_slug
      runner_types::a_value_outside_its_pattern_is_answered_with_the_message_of_the_pattern
      /regexes::hostile_strings_are_matched_quickly
15    Lengths count characters
      objects::a_display_name_has_two_to_sixty_characters_and_plain_spaces_inside
16    Ids of most kinds are slugs
      objects::an_id_is_a_slug
      objects::a_slug_has_two_characters_and_no_longest_length
16    The five verbs of environment types, projects and environments
      objects::an_environment_type_reads_back_with_a_default_name
      objects::a_project_reads_back_active_with_a_default_name
      objects::an_environment_reads_back_with_its_project_and_without_runner
      objects::an_id_can_be_used_once
      objects::an_update_accepts_a_display_name_and_nothing_else
      objects::an_unknown_object_is_not_found
      objects::an_object_created_again_has_another_uuid
      objects::nothing_is_created_in_an_unknown_organization
16    Display names
      objects::a_display_name_has_two_to_sixty_characters_and_plain_spaces_inside
      objects::a_name_of_an_environment_type_has_at_most_sixty_characters
16    Environment types: guard, and rules that are deleted too
      objects::an_environment_type_in_use_names_one_environment
      runner_rules::cascades_delete_only_the_rules_that_name_what_is_deleted
16    Projects: guard, and rules that are deleted on request
      objects::a_project_with_environments_is_not_deleted
      modules::deleting_a_project_that_rules_name_needs_permission_to_delete_them
16    An update of an unknown project may be a 500
      not: a fault; 404 here
16    Environments: type and project exist, the type is immutable
      objects::an_environment_needs_a_project_and_a_type_that_exist
      objects::the_type_of_an_environment_is_required_and_a_slug
      objects::an_update_accepts_a_display_name_and_nothing_else
16    Environments: 202 and polling, or 204; forced; refused while deleting
      objects::deleting_a_deployed_environment_is_accepted_and_polled_until_it_is_deleted
      objects::force_drops_an_environment_without_destroying
      objects::an_environment_with_nothing_to_destroy_is_deleted_at_once
      objects::a_boolean_is_one_of_the_words_the_server_knows
16    Environments: a failed deletion
      not: nothing is deployed, so nothing fails to go
16    Environments: rules that are deleted on request
      modules::deleting_an_environment_that_rules_name_needs_permission_to_delete_them
      modules::rules_created_for_an_environment_being_deleted_are_deleted_with_it
16    Environments: the filter may repeat
      objects::the_filter_by_environment_type_may_repeat
16    Module providers: two identifiers, source immutable, version constraint, size of the configuration
      modules::a_provider_is_known_by_type_and_id_and_has_no_other_identity
      modules::the_identity_of_a_provider_is_immutable
      /module_providers::valid_version_constraints_are_accepted
      /module_providers::invalid_version_constraints_are_refused
      /module_providers::broken_bodies_are_named
      /module_providers::configurations_are_limited
16    Module providers: guard and filter
      /module_providers::a_provider_that_any_version_of_a_module_uses_is_kept
      /module_providers::lists_are_summaries_filtered_by_type_and_ordered
16    Modules: sources and code
      /modules::valid_sources_are_accepted
      /modules::invalid_sources_are_refused
      /modules::bodies_that_break_a_rule_are_refused
16    Modules: immutable type, six types of parameters, twenty entries of each kind
      modules::the_identity_of_a_module_is_immutable
      modules::a_parameter_has_one_of_six_types
      modules::a_module_has_at_most_twenty_entries_of_each_kind
16    Modules: a version for each update
      /modules::an_update_replaces_what_it_names_and_creates_a_version
      /modules::an_empty_update_creates_a_version_too
      /modules::versions_are_listed_newest_first_in_pages_and_read_completely
16    Modules: guards, missing references, filter
      /modules::a_module_that_projects_use_is_kept
      /modules::missing_types_and_providers_are_conflicts
      /modules::lists_are_summaries_ordered_by_id_and_filtered_by_type
16    Module rules: default class, exclusions, 409 on an equal rule, unknown module 400, no update
      /module_rules::unset_fields_are_absent_and_the_class_has_a_default
      /module_rules::invalid_rules_are_a_400
      /module_rules::equal_rules_conflict_whatever_module_of_the_type_they_name
      /module_rules::rules_are_deleted_by_uuid_and_never_updated
16    Module rules: unset fields are absent, unlike those of runner rules
      modules::unset_fields_of_a_module_rule_are_absent_where_those_of_a_runner_rule_are_empty
16    Resource types: default, reserved id, built-in in lists only, guard
      /v2_resource_types::a_resource_type_reads_back_with_its_default_written_in
      /v2_resource_types::the_reserved_id_is_a_400
      /v2_resource_types::the_list_has_the_built_in_type_that_cannot_be_read_alone
      /v2_resource_types::a_type_that_modules_provide_is_kept
16    Modules and types from release 3 on
      not: no description of them is public
16    The order of creation and its reverse
      objects::an_organization_is_created_in_one_order_and_deleted_in_the_reverse
      modules::a_whole_catalogue_is_deleted_in_the_reverse_order
17    Quirks at the API
      errors::a_wrong_method_is_not_found
      errors::a_problem_next_to_a_credential_echoes_the_credential
      lists::the_filter_by_runner_type_has_no_effect
      runner_rules::refresh_chooses_again_and_says_updated_without_a_change
17    Quirks of agents, charts, jobs and providers
      not: happen in clients and clusters
17    Page tokens are not encrypted
      not: opaque to clients
18    A private way to say that an environment was deployed
      /control::a_first_deployment_is_done_over_http
18    Errors, slow answers and dropped connections can be injected
      /faults::a_server_error_may_come_before_or_after_the_effect
      /faults::a_cut_connection_is_a_protocol_error_at_both_doors
      /faults::a_slow_answer_times_out_after_its_effect
"""

STATEMENTS = parsed(TABLE)
