"""Statements about validation at a glance, other objects, quirks and notes: sections 15 to 18."""

from tests.emulator.statements.v2.statement import Statement, beside, here

_ROW = "a row of the table of validation rules"
VALIDATION = (
    Statement("15", f"{_ROW}: 1, ids of runners", here("runners", "an_id_outside_the_pattern_is_refused")),
    Statement("15", f"{_ROW}: 3, description null", beside("runners", "null_is_refused_in_a_patch")),
    Statement("15", f"{_ROW}: 5, type changed", beside("runners", "the_type_cannot_change")),
    Statement(
        "15",
        f"{_ROW}: 6, unknown fields",
        here("errors", "an_unknown_field_anywhere_in_a_configuration_names_the_type"),
    ),
    Statement(
        "15", f"{_ROW}: 8, storage against type", here("runner_types", "ecs_keeps_its_state_in_s3_only")
    ),
    Statement(
        "15",
        f"{_ROW}: 10 and 11, public and private keys",
        here("runner_types", "a_key_stands_alone_on_one_line_between_its_frame"),
    ),
    Statement("15", f"{_ROW}: 14, pod templates", beside("runner_validation", "pod_templates_are_checked")),
    Statement(
        "15",
        f"{_ROW}: 21, unique pairs",
        beside("runner_rules", "the_pair_is_unique_and_the_holder_is_named"),
    ),
    Statement("15", f"{_ROW}: 22, references", beside("runner_rules", "missing_references_are_conflicts")),
    Statement("15", f"{_ROW}: 24, cascade", beside("runners", "deleting_a_runner_deletes_its_rules")),
    Statement(
        "15",
        f"{_ROW}: 25, environments block",
        beside("runners", "environments_block_the_deletion_and_at_most_ten_are_named"),
    ),
    Statement(
        "15",
        f"{_ROW}: 2, 4, 7, 9, 12, 13, 15 to 20, 23, 26, 27",
        here("runner_types", "what_the_server_does_not_catch_reads_back_in_clear_text"),
        reason="the server takes these, clients should not",
    ),
    Statement(
        "15",
        "a final newline, digits of other scripts and long bad ids are refused, and quickly",
        (
            *here("runners", "an_id_outside_the_pattern_is_refused"),
            *here("objects", "an_id_is_a_slug"),
            *here("runner_types", "a_value_outside_its_pattern_answers_with_the_text_of_the_pattern"),
            *beside("regexes", "hostile_text_is_decided_quickly"),
        ),
    ),
    Statement(
        "15",
        "lengths count characters",
        here("objects", "a_display_name_has_two_to_sixty_characters_and_plain_spaces_inside"),
    ),
)

OBJECTS = (
    Statement(
        "16",
        "ids of most kinds are slugs",
        here("objects", "an_id_is_a_slug", "a_slug_has_two_characters_and_no_longest_length"),
    ),
    Statement(
        "16",
        "the five verbs of environment types, projects and environments",
        here(
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
        here(
            "objects",
            "a_display_name_has_two_to_sixty_characters_and_plain_spaces_inside",
            "a_name_of_an_environment_type_has_at_most_sixty_characters",
        ),
    ),
    Statement(
        "16",
        "environment types: guard, and rules that go along",
        (
            *here("objects", "an_environment_type_in_use_names_one_environment"),
            *here("runner_rules", "cascades_take_only_the_rules_that_name_what_is_deleted"),
        ),
    ),
    Statement(
        "16",
        "projects: guard, and rules that go along on request",
        (
            *here("objects", "a_project_with_environments_is_not_deleted"),
            *here("modules", "a_project_that_rules_name_needs_leave_to_take_them_along"),
        ),
    ),
    Statement("16", "an update of an unknown project may be a 500", reason="a fault; 404 here"),
    Statement(
        "16",
        "environments: type and project exist, the type is immutable",
        here(
            "objects",
            "an_environment_needs_a_project_and_a_type_that_exist",
            "the_type_of_an_environment_is_required_and_a_slug",
            "an_update_takes_a_display_name_and_nothing_else",
        ),
    ),
    Statement(
        "16",
        "environments: 202 and polling, or 204; forced; refused while deleting",
        here(
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
        here(
            "modules",
            "an_environment_that_rules_name_needs_leave_to_take_them_along",
            "rules_made_for_an_environment_on_its_way_out_go_with_it",
        ),
    ),
    Statement(
        "16",
        "environments: the filter may repeat",
        here("objects", "the_filter_by_environment_type_may_repeat"),
    ),
    Statement(
        "16",
        "module providers: two identifiers, source immutable, version constraint, size of the configuration",
        (
            *here(
                "modules",
                "a_provider_is_known_by_type_and_id_and_has_no_other_identity",
                "what_makes_a_provider_is_immutable",
            ),
            *beside(
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
        beside(
            "module_providers",
            "a_provider_that_any_version_of_a_module_uses_stays",
            "lists_are_summaries_filtered_by_type_and_ordered",
        ),
    ),
    Statement(
        "16",
        "modules: sources and code",
        beside("modules", "sources_that_pass", "sources_that_do_not", "bodies_that_break_a_rule_are_refused"),
    ),
    Statement(
        "16",
        "modules: immutable type, six types of parameters, twenty entries of each kind",
        here(
            "modules",
            "what_makes_a_module_is_immutable",
            "a_parameter_has_one_of_six_types",
            "a_module_has_at_most_twenty_entries_of_each_kind",
        ),
    ),
    Statement(
        "16",
        "modules: a version for each update",
        beside(
            "modules",
            "an_update_replaces_what_it_names_and_makes_a_version",
            "an_empty_update_makes_a_version_too",
            "versions_are_listed_newest_first_in_pages_and_read_whole",
        ),
    ),
    Statement(
        "16",
        "modules: guards, missing references, filter",
        beside(
            "modules",
            "a_module_that_projects_use_stays",
            "missing_types_and_providers_are_conflicts",
            "lists_are_summaries_ordered_by_id_and_filtered_by_type",
        ),
    ),
    Statement(
        "16",
        "module rules: default class, exclusions, 409 on an equal rule, unknown module 400, no update",
        beside(
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
        here("modules", "unset_fields_of_a_module_rule_are_absent_where_those_of_a_runner_rule_are_empty"),
    ),
    Statement(
        "16",
        "resource types: default, reserved id, built-in in lists only, guard",
        beside(
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
            *here("objects", "an_organization_is_built_in_one_order_and_taken_down_in_the_other"),
            *here("modules", "a_whole_catalogue_is_taken_down_in_the_reverse_order"),
        ),
    ),
)

NOTES = (
    Statement(
        "17",
        "quirks at the API",
        (
            *here(
                "errors", "a_wrong_method_is_not_found", "a_problem_beside_a_credential_echoes_the_credential"
            ),
            *here("lists", "the_filter_by_runner_type_has_no_effect"),
            *here("runner_rules", "refresh_chooses_again_and_says_updated_without_a_change"),
        ),
    ),
    Statement("17", "quirks of agents, charts, jobs and providers", reason="happen in clients and clusters"),
    Statement("17", "page tokens are not encrypted", reason="opaque to clients"),
    Statement(
        "18",
        "a private way to say that an environment was deployed",
        beside("control", "a_first_deployment_is_done_over_http"),
    ),
    Statement(
        "18",
        "errors, slow answers and dropped connections can be injected",
        beside(
            "faults",
            "a_server_error_may_come_before_or_after_the_effect",
            "a_cut_connection_is_a_protocol_error_at_both_doors",
            "a_slow_answer_times_out_after_its_effect",
        ),
    ),
)
