// Starts `flow lsp` for the files of the editor. Everything that is known about the language is known there.

import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions, TransportKind } from "vscode-languageclient/node";

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    vscode.commands.registerCommand("flow.restartServer", restart),
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      if (change.affectsConfiguration("flow.path")) await restart();
    }),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await stop();
}

async function restart(): Promise<void> {
  await stop();
  await start();
}

async function stop(): Promise<void> {
  const running = client;
  client = undefined;
  await running?.dispose();
}

/** The editor stays useful without the command, so a missing one is told once, with the remedy. */
async function start(): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
  const command = (vscode.workspace.getConfiguration("flow").get<string>("path") || "flow").replace("${workspaceFolder}", folder);
  const server: ServerOptions = { command, args: ["lsp"], transport: TransportKind.stdio };
  const options: LanguageClientOptions = {
    documentSelector: [{ language: "flow" }],
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.{flow,py}") },
  };
  client = new LanguageClient("flow", "Flow", server, options);
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    const reason = error instanceof Error ? error.message : String(error);
    const remedy = "install it with: pip install flow-dsl, or set flow.path to the command.";
    const chosen = await vscode.window.showErrorMessage(`Flow: "${command} lsp" does not start (${reason}); ${remedy}`, "Set flow.path");
    if (chosen) await vscode.commands.executeCommand("workbench.action.openSettings", "flow.path");
  }
}
