/** Made by build.mjs: what each file of ../locales exports as `launcher`, by its tag. */
declare module "languages:launcher" {
  const words: Readonly<Record<string, import("../chat/strings").LauncherWords>>;
  export default words;
}
