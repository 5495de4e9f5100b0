"""Terraform for the trust of a cloud in the jobs of a runner (v2 reference 12: provider versions of the guides)."""

import json
import re
from textwrap import dedent

_NAME = re.compile("@(?P<raw>@?)(?P<name>[a-z_]+)")


def eks_terraform(cluster: str, role: str, subject: str, audience: str) -> str:
    """Provider of the cluster's tokens and the role; `aws` at version 6."""
    return _text(
        """\
        terraform {
          required_providers {
            aws = { source = "hashicorp/aws", version = "~> 6" }
          }
        }

        data "aws_eks_cluster" "this" {
          name = @cluster
        }

        # Leave this out, and use a data source, if the cluster has a provider already.
        resource "aws_iam_openid_connect_provider" "this" {
          url            = data.aws_eks_cluster.this.identity[0].oidc[0].issuer
          client_id_list = [@audience]
        }

        data "aws_iam_policy_document" "jobs" {
          statement {
            actions = ["sts:AssumeRoleWithWebIdentity"]
            principals {
              type        = "Federated"
              identifiers = [aws_iam_openid_connect_provider.this.arn]
            }
            condition {
              test     = "StringEquals"
              variable = "${trimprefix(aws_iam_openid_connect_provider.this.url, "https://")}:aud"
              values   = [@audience]
            }
            condition {
              test     = "StringEquals"
              variable = "${trimprefix(aws_iam_openid_connect_provider.this.url, "https://")}:sub"
              values   = [@subject]
            }
          }
        }

        # Attach the policies that the jobs need.
        resource "aws_iam_role" "jobs" {
          name               = @role
          assume_role_policy = data.aws_iam_policy_document.jobs.json
        }
        """,
        cluster=cluster,
        role=role,
        subject=subject,
        audience=audience,
    )


def gke_terraform(name: str, project: str, member: str, display_name: str, description: str) -> str:
    """Service account and who may act as it; `google` at version 7."""
    return _text(
        """\
        terraform {
          required_providers {
            google = { source = "hashicorp/google", version = "~> 7" }
          }
        }

        # Give it the roles that the jobs need.
        resource "google_service_account" "jobs" {
          project      = @project
          account_id   = @name
          display_name = @display_name
          description  = @description
        }

        resource "google_service_account_iam_member" "jobs" {
          service_account_id = google_service_account.jobs.name
          role               = "roles/iam.workloadIdentityUser"
          member             = @member
        }
        """,
        name=name,
        project=project,
        member=member,
        display_name=display_name,
        description=description,
    )


def aks_terraform(cluster: str, client_id: str, subject: str, credential: str, audience: str) -> str:
    """Federated credential of an existing identity; `azurerm` at version 4."""
    return _text(
        """\
        terraform {
          required_providers {
            azurerm = { source = "hashicorp/azurerm", version = "~> 4" }
          }
        }

        variable "resource_group_name" {
          type = string
        }

        # The managed identity with client id @@client_id.
        variable "identity_name" {
          type = string
        }

        data "azurerm_kubernetes_cluster" "this" {
          name                = @cluster
          resource_group_name = var.resource_group_name
        }

        data "azurerm_user_assigned_identity" "jobs" {
          name                = var.identity_name
          resource_group_name = var.resource_group_name
        }

        resource "azurerm_federated_identity_credential" "jobs" {
          name                = @credential
          resource_group_name = var.resource_group_name
          parent_id           = data.azurerm_user_assigned_identity.jobs.id
          issuer              = data.azurerm_kubernetes_cluster.this.oidc_issuer_url
          subject             = @subject
          audience            = [@audience]
        }
        """,
        cluster=cluster,
        client_id=client_id,
        subject=subject,
        credential=credential,
        audience=audience,
    )


def _text(template: str, **values: str) -> str:
    """The template with `@name` replaced by a string of Terraform, and `@@name` by the value itself."""

    def filled(found: re.Match[str]) -> str:
        value = values[found["name"]]
        return value if found["raw"] else json.dumps(value, ensure_ascii=False).replace("${", "$${")

    return _NAME.sub(filled, dedent(template))
