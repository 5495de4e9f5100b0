"""Every statement of the v1 reference that can be observed, and the tests that observe it.

In the format of `table`. A, P, L and U refer to the reference's sections 14 and 15; its section 9
is about files of another tool and not about the API.
"""

from tests.emulator.statements.table import parsed

TABLE = """
1    A request needs a Bearer token; static and session tokens are sent alike
     /identity::no_token_is_refused_by_both_apis
     /identity::a_table_of_tokens_makes_identity_come_first_and_names_the_caller
     errors::a_request_without_a_token_is_401_in_the_same_form
1    The older JWT scheme is named by the description
     not: current clients no longer send it, and no source tells its form
1    Requests and answers are JSON; an answer is JSON or empty
     transport::answers_are_json_or_empty
1    A client may name itself in a header of its own; none is required
     transport::a_client_may_name_itself_but_need_not
1    Changing needs a permission
     errors::a_caller_who_may_only_read_is_refused_every_write
1    There is no optimistic locking
     transport::there_is_no_optimistic_locking
1    There is no idempotency key
     transport::there_is_no_idempotency_key
1    Only versions are paged; every other list is whole
     transport::lists_other_than_versions_are_not_paged
     versions::a_page_holds_fifty_unless_asked_otherwise
1    429 may come; no limits are published
     /faults::too_many_requests_may_have_a_retry_hint
1    URLs carry no generation prefix (A20)
     transport::a_path_with_a_generation_prefix_does_not_exist
1    Verification of certificates can be switched off
     not: a matter of clients
1.1  Creating answers 200, secret stores 201 (A2)
     transport::creating_answers_200
     wire_examples::a_secret_store_is_created
1.1  204 has an empty body
     transport::answers_are_json_or_empty
1.1  400, 403, 404, 405, 409 and 422 mean what the table says
     errors::a_refusal_says_what_and_why_in_one_form
1.1  405 for a verb that a path lacks (U3)
     transport::a_verb_that_a_path_lacks_is_405_and_lists_those_it_has
1.1  422 for a body that is no JSON, empty or of another shape (U2)
     transport::a_body_that_is_not_json_or_has_another_form_is_422
     criteria::criteria_of_another_form_are_422
1.2  A retried DELETE may answer 404
     transport::a_second_deletion_finds_nothing
1.2  When and how often official clients retry
     not: behaviour of clients; the faults that make them retry have tests of their own
1.3  Variables, files and joining of base URLs
     not: a matter of clients
1.4  Ids of organizations match a pattern of at most 50 characters
     transport::an_organization_id_outside_the_pattern_is_not_found
1.4  Ids of agents match their pattern
     /agents::ids_outside_the_pattern_are_refused
1.4  Ids of secret stores match the pattern of agents
     /secret_stores::what_breaks_a_rule_is_refused_and_stores_nothing
1.4  Ids of definitions match their pattern
     transport::definition_ids_outside_the_pattern_are_refused
1.4  Ids of drivers match the pattern of definitions
     /drivers::what_breaks_a_rule_is_refused
1.4  Ids of classes have 2 to 63 characters
     /classes::ids_and_descriptions_at_the_limits_are_accepted
     /classes::what_breaks_a_rule_is_refused
1.4  The two families of ids differ
     transport::two_families_of_identifiers_differ
1.4  No id costs exponential time
     transport::no_identifier_takes_exponential_time
1.4  driver_account is an id or holds a placeholder (A8)
     transport::an_account_is_an_id_or_contains_a_placeholder
     /definitions::broken_bodies_are_refused
1.5  When features appeared
     not: history; the emulator is the newest description
2.1  The four operations on agents and their status codes
     agents::an_agent_needs_an_id_and_a_key
     /agents::an_agent_is_created_with_its_first_key_and_answered_without_it
     /agents::deleting_an_agent_deletes_its_keys
     /agents::absent_and_empty_descriptions_are_the_same
2.1  One agent cannot be read by id (A1)
     /agents::one_agent_cannot_be_read_by_id
2.1  The list is filtered by fingerprint
     /agents::the_list_is_filtered_by_fingerprint
     agent_keys::agents_are_found_by_the_right_fingerprint_and_by_no_other
2.2  An agent needs an id and one key
     agents::an_agent_needs_an_id_and_a_key
2.2  The id is immutable, only the description changes
     agents::only_the_description_can_be_changed
2.2  PATCH needs a description, which may be empty
     /agents::absent_and_empty_descriptions_are_the_same
2.2  created_at and created_by are set by the server
     agents::an_agent_names_its_creator_by_a_user_id
     agents::an_agent_has_its_time_of_creation
2.2  The answer holds neither key nor fingerprint
     /agents::an_agent_is_created_with_its_first_key_and_answered_without_it
2.3  Agent and first key are one call
     agents::an_agent_with_a_bad_key_is_not_created
2.3  409 for a taken id and for a registered key (U4)
     /agents::a_taken_id_and_a_known_key_are_conflicts_and_store_nothing
     /agents::a_key_may_be_shared_if_configured_but_not_within_one_agent
2.3  Absent and empty description are one state
     agents::an_agent_without_description_has_no_such_member
2.3  Deleting an agent deletes its keys
     /agents::deleting_an_agent_deletes_its_keys
2.3  No guard protects an agent that others name (U9)
     agents::an_agent_may_be_deleted_while_a_definition_names_it
     other_objects::an_agent_may_be_deleted_while_a_vault_names_it
2.3  A definition may name an agent before it exists
     agents::a_definition_may_name_an_agent_that_does_not_exist
2.3  An agent may be registered in several organizations
     agents::an_agent_may_be_registered_in_several_organizations_each_with_its_own_keys
2.4  A failure half-way leaves the agent (P2)
     agents::a_failure_between_an_agent_and_further_keys_keeps_the_agent
2.4  The description is patched unconditionally
     agents::the_same_description_may_be_sent_again
2.4  Removing keys first passes through a moment without any (P1)
     agent_keys::rotation_by_removing_first_passes_through_a_moment_without_keys
2.4  Adding keys first does not
     agent_keys::rotation_by_adding_first_keeps_the_agent_reachable
2.4  What the provider makes of errors and of text that is no PEM
     not: behaviour of a client
3.1  The three operations on keys and their status codes
     agent_keys::keys_of_an_unknown_agent_are_404
     /agents::keys_are_deleted_by_fingerprint_even_the_last_one
     agent_keys::a_key_needs_its_text
3.1  A key is neither read alone nor updated
     transport::a_verb_that_a_path_lacks_is_405_and_lists_those_it_has
3.1  A key is registered once under an agent (U4), and again after its deletion
     agent_keys::a_key_is_registered_once_under_one_agent
     agent_keys::a_deleted_key_may_be_registered_again
3.2  A key has six members, all always present
     agent_keys::a_key_has_exactly_six_members
3.2  The PEM text is echoed as sent (U8)
     agent_keys::a_key_is_echoed_as_sent_and_identified_by_its_bytes
3.2  expired_at is the creation and two years (A6)
     /agents::a_key_expires_after_two_years_and_is_authorized_at_once
     agent_keys::a_key_created_on_a_leap_day_expires_on_the_last_of_february
3.2  is_authorized is read-only (U7)
     agent_keys::a_client_cannot_set_whether_a_key_is_authorized
     /faults::a_slow_authorization_ends_with_the_clock
3.2  Whether an expired key stops working is open (U7)
     /tunnel::an_expired_key_is_accepted_unless_configured_otherwise
     /tunnel::an_expired_key_is_refused_and_ends_its_connections_if_configured
3.3  RSA of at least 4096 bits, nothing else
     agent_keys::other_keys_are_refused_as_first_and_as_further_key
     agent_keys::longer_keys_are_accepted
     /agents::what_is_not_a_public_key_is_refused
     /agents::short_rsa_and_other_algorithms_are_refused
3.3  Line breaks are real ones
     agent_keys::other_keys_are_refused_as_first_and_as_further_key
3.3  The label is not checked (A16)
     agent_keys::a_key_is_echoed_as_sent_and_identified_by_its_bytes
     /agents::the_pem_label_is_ignored
3.3  There is no maximum of keys (U6), and the last may be deleted (U5)
     agent_keys::an_agent_may_have_many_keys
     /agents::keys_are_deleted_by_fingerprint_even_the_last_one
3.3  Several keys allow rotation
     agent_keys::rotation_by_adding_first_keeps_the_agent_reachable
     /tunnel::a_second_key_opens_the_tunnel_as_well
3.4  The fingerprint is the SHA-256 of the DER form in lowercase hex
     agent_keys::the_known_key_has_its_known_fingerprint
     agent_keys::the_bytes_of_a_key_decide_whether_it_is_known_not_its_text
3.4  It is no hash of the text or of the PKCS#1 form
     agent_keys::agents_are_found_by_the_right_fingerprint_and_by_no_other
3.4  The negative vectors are refused
     agent_keys::other_keys_are_refused_as_first_and_as_further_key
4.1  The operations on definitions and their status codes
     definitions::an_unknown_definition_is_404_for_every_verb
     definitions::a_flag_is_true_or_false
     /definitions::a_taken_id_is_a_conflict_and_changes_nothing
4.2  Four members are needed to create
     definitions::four_members_are_needed_to_create
4.2  What is always there and what may be
     definitions::a_bare_definition_shows_what_is_always_there_and_nothing_else
     definitions::a_full_definition_shows_every_documented_member
4.2  A name is free text, possibly empty
     definitions::a_name_is_free_text_and_may_be_empty
4.2  id and type are immutable
     definitions::id_and_type_cannot_change
4.2  An empty driver_type on PUT keeps the driver
     changes::put_with_an_empty_driver_keeps_the_driver
4.2  criteria come only with the creation
     definitions::criteria_are_not_part_of_an_update
4.2  in_place_driver_change: PATCH keeps, PUT is open (U10)
     changes::put_without_the_operator_switch_clears_it_and_patch_keeps_it
4.2  What the server sets cannot be sent; proposed is never answered
     definitions::what_the_server_sets_cannot_be_sent
4.2  updated_at and updated_by come with a change
     definitions::a_change_records_when_and_by_whom
4.2  Unknown members: open (U27)
     /definitions::unknown_fields_are_ignored_unless_configured_otherwise
4.3  Creation answers the whole object with ids of its criteria
     definitions::every_criterion_is_answered_with_an_id_of_its_own
     /definitions::create_answers_200_with_all_that_the_server_sets
4.3  Empty containers are normalised away
     definitions::empty_inputs_read_back_without_their_empty_parts
     definitions::an_empty_provision_reads_back_as_absent
4.3  values are echoed with their types
     definitions::values_keep_their_types
4.3  Inputs are checked against the schema of the driver
     /drivers::values_are_checked_against_the_schema_of_the_driver
     /drivers::a_patch_is_checked_together_with_what_is_stored
4.3  For humanitec/static the outputs of the type once served as schema (A18)
     not: last seen in 2023, and the schemas of built-in types are not public
4.3  The store of a reference need not exist (A17)
     definitions::the_store_of_a_reference_need_not_exist
4.3  Keys of provision are not checked (A17)
     definitions::provision_may_name_an_unknown_type
4.3  Rules may name what does not exist (A17)
     definitions::rules_may_name_what_does_not_exist
4.4  The list holds live definitions, built-in ones included
     definitions::the_list_holds_live_definitions_with_built_in_ones_among_them
     definitions::the_list_shows_what_reading_one_shows
4.4  With filters: what could match, by type and rank (U31)
     definitions::each_filter_drops_what_contradicts_it_and_the_best_rule_comes_first
     definitions::a_filtered_list_is_grouped_by_type
     definitions::a_filter_by_type_alone_leaves_other_types_out
     criteria::a_filtered_list_is_in_order_of_rank
4.4  Deleted definitions only with deleted=true
     deletion::deleted_definitions_are_listed_only_when_asked_for
4.4  Built-in definitions hold catch-all rules until emptied (A14)
     definitions::a_built_in_definition_occupies_the_catch_all_rule_of_its_type_until_it_is_emptied
4.4  A reconciler never touches built-in objects
     not: behaviour of clients
4.5  PUT unsets account and inputs that it leaves out, provision too (U10)
     changes::put_unsets_what_it_leaves_out
     changes::put_with_an_empty_account_unsets_it
4.5  PUT leaves criteria alone
     definitions::criteria_are_not_part_of_an_update
4.5  PUT needs a name
     changes::put_needs_a_name
4.5  PUT may change the driver (P10)
     changes::put_changes_the_driver
4.5  A changed driver deletes resources at a later deployment
     not: deployments are outside
4.5  PATCH ignores absent and null at the top
     changes::patch_ignores_null_members_at_the_top_level
     changes::patch_of_nothing_changes_nothing
4.5  PATCH replaces, adds, removes and leaves alone by key (U11)
     changes::patch_replaces_adds_removes_and_leaves_alone_by_key
     changes::patch_removes_one_whole_part_of_the_inputs
     changes::patch_merges_and_removes_provisions
4.5  PATCH of agent_url leaves values alone
     changes::patch_of_an_agent_url_leaves_the_values_of_a_cluster_alone
4.5  PATCH cannot touch driver_type
     changes::patch_cannot_touch_the_driver
4.5  A write that changes nothing makes no version (U12)
     changes::put_that_changes_nothing_changes_nothing
4.5  A refused write leaves everything as it was
     changes::a_refused_change_changes_nothing
4.6  secrets and secret_refs exclude each other
     driver_inputs::both_forms_of_secrets_exclude_each_other_on_every_verb
4.6  The rules of a reference (A21)
     driver_inputs::leaves_that_break_a_rule_are_refused
4.6  null inside a leaf, a null leaf, arrays of branches
     driver_inputs::secrets_read_back_as_references
4.6  How secrets read back, and generated references (U14)
     driver_inputs::secrets_read_back_as_references
     driver_inputs::secrets_of_two_organizations_have_references_of_their_own
     /definition_secrets::literals_become_references_and_placeholders_stay_readable
4.6  References into an external primary store
     driver_inputs::what_is_read_back_of_an_external_store_may_be_sent_again
4.6  version is a string and rises for all together
     driver_inputs::versions_of_references_are_strings
     driver_inputs::every_write_of_plain_secrets_raises_all_versions_together
4.6  The same text again raises version (U13)
     driver_inputs::the_same_plain_secret_again_raises_the_version
4.6  Secrets never come back (U15)
     driver_inputs::the_plain_value_of_a_secret_is_never_returned
     driver_inputs::a_refusal_does_not_repeat_a_secret
4.6  What is read of the built-in store cannot be sent
     driver_inputs::what_is_read_back_of_the_built_in_store_cannot_be_sent_again
4.6  PATCH may leave secrets out
     driver_inputs::plain_secrets_survive_a_patch_that_leaves_them_out
4.7  Without active resources a definition is deleted at once
     deletion::a_definition_without_resources_is_gone_at_once
4.7  With some: 409 with an array, nothing deleted (A3, U20)
     deletion::a_definition_with_resources_is_refused_with_an_array_of_changes
4.7  force overrides
     deletion::only_force_overrides_the_guard
     deletion::a_definition_deleted_by_force_provisions_nothing_more
4.7  A criterion is guarded in the same way
     deletion::a_rule_that_holds_a_resource_is_guarded
     deletion::the_guard_of_a_rule_names_where_its_resources_would_go
     /criteria::a_rule_is_guarded_only_while_its_loss_would_move_something
4.7  PUT of criteria is not guarded (U17)
     deletion::replacing_all_rules_is_not_guarded
4.7  Resources can be deleted first, then the definition
     deletion::resources_are_deleted_first_then_their_definition
     /criteria::deleting_the_active_resource_frees_the_definition
4.7  Deletion is soft: record and versions stay readable
     deletion::a_deleted_definition_stays_readable_with_its_versions
     deletion::a_deleted_definition_cannot_be_changed
4.7  The id is free again, and its criteria (U19)
     deletion::an_id_is_created_deleted_and_created_again
     deletion::after_a_new_creation_deleted_true_shows_the_newest_record
4.7  202 for a resource whose deletion is scheduled
     not: nothing is deployed, so a deletion is done at once
4.8  The grammar of selectors
     provision::every_form_of_selector_is_kept
4.8  Defaults of the options
     provision::options_read_back_with_their_defaults
     provision::options_with_and_without_their_default_are_the_same_state
4.9  Every change makes a version, criteria do not
     versions::every_change_creates_a_version_and_the_newest_is_active
     versions::criteria_are_not_part_of_versions
4.9  A proposed version is kept aside until promoted
     versions::a_proposed_change_is_stored_without_effect
     versions::a_promoted_version_becomes_the_definition
     versions::an_older_version_may_be_promoted_again
4.9  archived is true when missing (A7)
     versions::archiving_is_the_default_of_the_archive_action
     versions::an_archived_version_can_be_restored
4.9  Fifty versions are kept and those in use
     versions::fifty_versions_are_kept_and_those_that_resources_use
4.9  All members of a version are always there (A12)
     versions::a_version_has_every_member_even_of_a_bare_definition
4.9  Pages of 1 to 100, 50 by default, announced in Link
     versions::a_page_holds_fifty_unless_asked_otherwise
     versions::the_announced_page_continues_where_the_last_one_ended
     versions::invalid_pages_are_refused
4.9  active_version_id shows whether the body changed
     versions::the_active_version_shows_whether_the_body_changed
4.9  404 for what does not exist
     versions::unknown_definitions_and_versions_are_404
     versions::a_version_belongs_to_its_definition
4.10 An empty rule means any; class defaults to default
     criteria::an_empty_rule_means_any_and_has_the_default_class
     criteria::all_five_fields_are_kept
4.10 Empty and absent are one
     criteria::an_empty_field_is_an_absent_field
4.10 A rule exists once per type, and the message names its holder (U18, U30)
     criteria::a_rule_exists_once_per_type
     criteria::a_conflict_names_who_holds_the_rule
     criteria::a_rule_that_differs_in_one_field_is_another_rule
     criteria::the_same_rule_may_exist_for_another_type
4.10 POST adds one, PUT replaces all, [] empties
     criteria::replacing_returns_the_new_list_and_nothing_empties_it
     criteria::what_was_read_may_be_sent_back
4.10 Ids of unchanged rules across PUT (U16)
     /criteria::replacing_all_rules_keeps_ids_of_unchanged_ones_if_configured
4.10 A rule moves by deletion and addition
     criteria::a_rule_moves_only_after_it_was_deleted
4.10 404 for unknown definitions and criteria
     criteria::criteria_of_unknown_definitions_and_unknown_criteria_are_404
4.11 An agent definition names its agent in values.id
     agent_use::an_agent_definition_names_its_agent_in_its_values
4.11 The type agent is indirect
     other_objects::types_say_how_they_are_used
4.11 Its output is a signed proxy URL
     not: outputs exist only after deployments
4.11 agent_url in all forms that are seen
     agent_use::a_cluster_may_refer_to_its_agent_in_every_observed_form
4.12 A GitOps cluster of the dedicated driver, with its runtime
     agent_use::a_gitops_cluster_is_kept_with_its_runtime_cluster
4.12 A GitOps cluster of a template
     agent_use::a_gitops_cluster_may_come_from_a_template
4.13 Members of an active resource
     deletion::an_active_resource_shows_what_is_always_there
     deletion::an_active_resource_may_show_three_members_more
4.13 Listed by definition
     deletion::resources_are_listed_only_for_their_own_definition
4.13 Planted through the control plane only
     deletion::a_resource_needs_its_definition
4.13 def_version_id keeps an old version
     versions::fifty_versions_are_kept_and_those_that_resources_use
5.1  Five operations, no PUT
     /secret_stores::a_store_is_created_with_201_and_its_credentials_are_never_read_back
     /secret_stores::unknown_stores_are_not_found_and_there_is_no_put
5.2  id, primary and exactly one kind
     /secret_stores::what_breaks_a_rule_is_refused_and_stores_nothing
     other_objects::the_built_in_kind_cannot_be_registered
5.2  Every kind shows its plain fields
     /secret_stores::every_kind_shows_its_plain_fields_and_is_not_probed
5.2  primary may be null or absent in an update
     other_objects::primary_may_be_null_or_absent_in_an_update
5.2  Form of the times
     wire_examples::a_secret_store_is_created
5.3  auth never comes back and may be left out
     /secret_stores::credentials_are_not_kept_anywhere
     /secret_stores::a_primary_store_without_credentials_accepts_references_but_no_plain_secrets
5.3  A store is not probed
     /secret_stores::every_kind_shows_its_plain_fields_and_is_not_probed
5.3  What PATCH replaces (U24), and the kind stays (U25)
     /secret_stores::a_patch_replaces_the_kind_object_and_keeps_the_rest
     /secret_stores::a_patch_keeps_credentials_that_it_does_not_send
     /secret_stores::a_patch_cannot_change_the_kind_or_break_a_type
5.3  A new primary displaces the old (U23)
     /secret_stores::a_new_primary_displaces_the_old_one
     /secret_stores::the_built_in_store_becomes_primary_if_the_primary_one_is_demoted_or_deleted
5.3  The primary store receives plain secrets
     /secret_stores::plain_secrets_go_to_an_external_primary_store
5.3  An external primary store puts the organization in operator mode
     not: nothing is deployed
5.3  No guard is documented for a store that definitions name
     /secret_stores::a_store_in_use_may_be_deleted_if_configured
5.3  vault.agent_id is not checked
     other_objects::a_vault_may_name_an_agent_that_does_not_exist
6    The body is a bare JSON string (A4)
     /operator_keys::a_key_is_posted_as_a_bare_json_string
     /operator_keys::bodies_that_are_not_a_json_string_are_unprocessable
     wire_examples::an_operator_key_is_created_from_a_bare_string
6    Newest first; filtered by fingerprint, at most one
     /operator_keys::keys_are_listed_newest_first_and_filtered_by_fingerprint
     /operator_keys::a_filter_that_is_not_a_fingerprint_is_refused
6    Six members, the PEM as sent (A5)
     other_objects::an_operator_key_shows_six_members
6    The rules of agent keys, odd labels included (A16)
     other_objects::operator_keys_have_the_rules_of_agent_keys
     other_objects::the_label_of_an_operator_key_is_ignored
6    Addressed by id, not by fingerprint (A5)
     /operator_keys::a_key_is_read_and_deleted_by_its_id_alone
     other_objects::an_operator_key_is_not_addressed_by_its_fingerprint
6    Immutable
     other_objects::operator_keys_cannot_be_changed
6    409 for a registered key
     /operator_keys::a_registered_key_is_a_conflict_whatever_its_label
     /operator_keys::keys_of_agents_and_of_other_organizations_do_not_conflict
6    403 for missing permission
     errors::a_caller_who_may_only_read_is_refused_every_write
7.1  No read of one type (A1)
     transport::a_verb_that_a_path_lacks_is_405_and_lists_those_it_has
7.1  Six members, always present
     /resource_types::a_type_shows_all_six_members_whatever_was_sent
7.1  PUT replaces and needs use, PATCH ignores absent and null
     /resource_types::a_put_replaces_and_unsets_what_it_leaves_out
     /resource_types::a_patch_leaves_out_absent_and_null_members
7.1  Ids with a slash are percent-encoded (A13)
     /classes::classes_of_own_types_are_addressed_with_an_encoded_slash_and_seeded
7.1  A type in use is kept: 400
     /resource_types::an_own_type_can_be_used_by_definitions_and_is_kept_while_it_is
7.1  Direct, indirect, implicit; types of public definitions
     other_objects::types_say_how_they_are_used
     other_objects::types_of_public_definitions_exist_from_the_start
7.1  Classes: operations and bounds
     /classes::a_class_is_created_read_updated_and_deleted
     /classes::what_breaks_a_rule_is_refused
7.1  Registering a class is optional
     definitions::rules_may_name_what_does_not_exist
7.2  Operations on drivers and their fields
     /drivers::a_driver_is_answered_as_sent_with_its_owner
     /drivers::a_put_replaces_everything_but_the_id
7.2  target is for the owner
     /drivers::the_list_contains_public_drivers_without_their_target
7.2  Public drivers are listed under humanitec
     other_objects::drivers_of_public_definitions_exist_from_the_start
7.2  A driver in use is kept: 409
     /drivers::a_driver_in_use_is_kept
7.2  A placeholder matches any schema
     /drivers::a_placeholder_inside_a_value_leaves_the_choice_open
7.3  Operations on accounts; credentials never come back
     /accounts::an_account_is_answered_without_its_credentials
     /accounts::credentials_are_not_kept_anywhere
7.3  dry_run answers 204
     /accounts::a_dry_run_answers_204_and_changes_nothing
7.3  id and type are immutable
     /accounts::a_patch_changes_name_and_credentials_only
7.3  check_credential and the check action
     /accounts::credentials_are_checked_on_demand
7.3  An account in use is kept: 400 with details (A9)
     wire_examples::an_account_in_use_is_not_deleted
     /accounts::an_account_that_an_active_resource_uses_is_kept
8    The standard body (U1)
     errors::a_refusal_says_what_and_why_in_one_form
8    Two 409 are arrays (A3)
     errors::a_guarded_deletion_is_an_array_where_a_conflict_is_an_object
8    One 400 has typed details (A9)
     wire_examples::an_account_in_use_is_not_deleted
8    Answers may be no JSON
     /faults::a_server_error_may_come_before_or_after_the_effect
     /faults::a_cut_connection_is_a_protocol_error_at_both_doors
8    What clients do by status
     not: behaviour of clients
10   Placeholders are stored as text wherever they work (A19)
     driver_inputs::a_placeholder_is_stored_as_a_string_wherever_it_works
10   Escapes are echoed
     driver_inputs::other_strings_with_dollars_and_braces_are_echoed
10   A string with a placeholder and more is a secret
     driver_inputs::a_secret_that_is_more_than_one_placeholder_is_kept_secret
10   References form no cycle, values have their type
     not: expansion happens at deployment, which is outside
11   What a client can refuse, the API refuses too
     definitions::four_members_are_needed_to_create
     driver_inputs::leaves_that_break_a_rule_are_refused
     criteria::a_rule_exists_once_per_type
11   Warnings
     not: a matter of clients
12   Candidates are rules of live definitions of the type
     criteria::rules_of_other_types_and_of_deleted_definitions_do_not_count
12   Each field that is set has to equal; no wildcards
     criteria::a_rule_that_contradicts_the_context_never_matches
12   class always takes part
     criteria::a_class_is_matched_by_its_own_rules_only
12   The most specific field decides
     criteria::a_rule_wins_over_the_next_lower_rank
     /criteria::the_most_specific_field_decides_not_the_number_of_fields
13   Members of templates are text or object
     driver_inputs::members_of_templates_keep_their_form
14   A10: wording of a 404
     not: the text of the description, not of answers
14   A11: makers are ids on agents and names on definitions
     agents::an_agent_names_its_creator_by_a_user_id
     wire_examples::an_agent_definition_is_created
14   A15: class filters always, other fields only when set
     criteria::a_class_is_matched_by_its_own_rules_only
     definitions::each_filter_drops_what_contradicts_it_and_the_best_rule_comes_first
14   P3 to P13, L1 to L6
     not: behaviour of a client, contents of a library
15   U21: ids are opaque; 16 hex digits for criteria, UUIDs for operator keys
     wire_examples::an_agent_definition_is_created
     wire_examples::an_operator_key_is_created_from_a_bare_string
15   U22: unfiltered lists are in order of creation
     agents::agents_are_listed_in_the_order_of_their_creation
15   U26: type and driver have to exist, accounts and stores need not
     definitions::a_definition_needs_a_known_type_and_a_known_driver
     /accounts::a_definition_may_name_an_account_that_does_not_exist
     definitions::the_store_of_a_reference_need_not_exist
15   U28: 429 is a fault that can be set
     /faults::too_many_requests_may_have_a_retry_hint
15   U29: what a client does about absent criteria
     not: behaviour of clients
16   An agent with two keys, and a private cluster
     sequences::an_agent_with_two_keys_is_registered_and_a_private_cluster_connected
     sequences::an_existing_cluster_is_connected_by_a_patch
16   Rotation
     sequences::keys_are_rotated_by_adding_the_new_and_then_removing_the_old
16   Reconciling one definition
     sequences::one_definition_is_reconciled_and_then_left_alone
     sequences::a_guarded_rule_stops_a_reconciliation_with_an_array_of_changes
16   Removing everything
     sequences::everything_is_removed_and_a_second_removal_finds_nothing_to_do
17   Creating an agent
     wire_examples::an_agent_is_created
17   Keys of an agent
     wire_examples::the_keys_of_an_agent_are_listed
     wire_examples::the_answer_to_a_new_key_is_one_element_of_that_list
17   An agent definition
     wire_examples::an_agent_definition_is_created
17   A cluster with both kinds of secret
     wire_examples::a_cluster_with_both_kinds_of_secret_is_read_back
17   Replacing criteria
     wire_examples::all_criteria_are_replaced
17   A deletion that is refused
     wire_examples::a_definition_with_dependants_is_not_deleted
17   A secret store
     wire_examples::a_secret_store_is_created
17   An operator key
     wire_examples::an_operator_key_is_created_from_a_bare_string
17   An account in use
     wire_examples::an_account_in_use_is_not_deleted
"""

STATEMENTS = parsed(TABLE)
